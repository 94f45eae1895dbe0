-- One row per person: agents, team leaders, coordinators and workforce management.
select
    agent.agent_id,
    agent.agent_name,
    agent.email,
    lower(agent.role) as role,
    agent.team_code,
    lower(agent.work_pattern) as work_pattern,
    coalesce({{ truth('agent.night_shift_allowed') }}, true) as night_shift_allowed,
    agent.active_from::date as active_from,
    agent.active_to::date as active_to,
    agent._load_id
from {{ source('raw', 'agent') }} as agent
