-- One row per team.
select
    {{ team_cells('team') }},
    team._load_id
from {{ source('raw', 'team') }} as team
