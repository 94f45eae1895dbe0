select
    exception.exception_id,
    exception.agent_id,
    agent.service_code,
    exception.start_at,
    exception.end_at,
    exception.approved_by,
    exception.is_approved,
    exception.updated_at,
    exception.delivered_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    exception.end_at > {{ built_as_of() }} as is_provisional
from {{ ref('int_exception_held') }} as exception
left join {{ ref('int_agent') }} as agent on agent.agent_id = exception.agent_id
