-- One row per kept delivery of a team.
select
    {{ team_cells('delivery') }},
    delivery._arrived_at,
    delivery._file_name,
    delivery._row,
    delivery._file_id,
    delivery._load_id
from {{ source('raw', 'team_delivery') }} as delivery
