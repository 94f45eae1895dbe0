select
    agent.agent_id,
    agent.agent_name,
    agent.email,
    agent.role,
    agent.team_code,
    agent.service_code,
    agent.active_from as valid_from,
    agent.active_to as valid_to
from {{ ref('int_agent') }} as agent
