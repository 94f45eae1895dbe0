select
    period.agent_id,
    period.version,
    period.cells ->> 'agent_name' as agent_name,
    period.cells ->> 'email' as email,
    period.cells ->> 'role' as role,
    period.cells ->> 'team_code' as team_code,
    period.service_code,
    (period.cells ->> 'active_from')::date as valid_from,
    (period.cells ->> 'active_to')::date as valid_to,
    -- Knowledge
    period.known_from_at,
    period.known_to_at,
    period.known_to_at is null as is_current,
    -- Clock
    {{ built_as_of() }} as as_of,
    period.known_to_at is null as is_provisional
from {{ ref('int_agent_period') }} as period
