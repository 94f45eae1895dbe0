-- One row per person, with team and service.
{{ config(materialized='view') }}

select
    agent.agent_id,
    agent.agent_name,
    agent.email,
    agent.role,
    agent.team_code,
    team.service_code,
    {{ home_zone('service.timezone') }} as timezone,
    agent.active_from,
    agent.active_to,
    greatest(agent._load_id, team._load_id) as _load_id
from {{ ref('stg_canonical__agent') }} as agent
left join {{ ref('stg_canonical__team') }} as team on team.team_code = agent.team_code
left join {{ ref('int_service') }} as service on service.service_code = team.service_code
