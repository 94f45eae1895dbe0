select
    team.team_code,
    team.team_name,
    team.service_code,
    team.team_leader_id,
    team.coordinator_id
from {{ ref('stg_canonical__team') }} as team
