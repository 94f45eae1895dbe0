select
    period.cells ->> 'service_code' as service_code,
    period.version,
    period.cells ->> 'service_name' as service_name,
    period.cells ->> 'client_name' as client_name,
    period.cells ->> 'timezone' as timezone,
    (period.cells ->> 'short_abandon_s')::double precision as short_abandon_s,
    (period.cells ->> 'counts_self_service')::boolean as counts_self_service,
    (period.cells ->> 'login_tolerance_s')::double precision as login_tolerance_s,
    (period.cells ->> 'logout_tolerance_s')::double precision as logout_tolerance_s,
    (period.cells ->> 'no_show_after_s')::double precision as no_show_after_s,
    period.cells ->> 'opening_hours' as opening_hours,
    (period.cells ->> 'roster_cutoff')::time as roster_cutoff,
    -- Knowledge
    period.known_from_at,
    period.known_to_at,
    period.known_to_at is null as is_current,
    -- Clock
    {{ built_as_of() }} as as_of,
    period.known_to_at is null as is_provisional
from {{ ref('int_reference_version') }} as period
where period.feed = 'service'
