select
    period.cells ->> 'team_code' as team_code,
    period.version,
    period.cells ->> 'team_name' as team_name,
    period.cells ->> 'service_code' as service_code,
    period.cells ->> 'team_leader_id' as team_leader_id,
    period.cells ->> 'coordinator_id' as coordinator_id,
    -- Knowledge
    period.known_from_at,
    period.known_to_at,
    period.known_to_at is null as is_current,
    -- Clock
    {{ built_as_of() }} as as_of,
    period.known_to_at is null as is_provisional
from {{ ref('int_reference_version') }} as period
where period.feed = 'team'
