select
    agent.agent_id,
    agent.agent_name,
    agent.email,
    agent.role,
    agent.team_code,
    agent.service_code,
    agent.active_from as valid_from,
    agent.active_to as valid_to,
    period.known_from_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    agent.team_code is not null and agent.service_code is null as is_provisional
from {{ ref('int_agent') }} as agent
left join {{ ref('int_agent_period') }} as period
    on period.agent_id = agent.agent_id
    and period.known_to_at is null
