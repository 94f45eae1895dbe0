-- One row per team.
select
    team.team_code,
    team.team_name,
    team.service_code,
    team.team_leader_id,
    team.coordinator_id,
    team._load_id
from {{ source('raw', 'team') }} as team
