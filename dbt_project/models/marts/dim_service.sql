select
    service.service_code,
    service.service_name,
    service.client_name,
    service.timezone,
    service.short_abandon_s::double precision as short_abandon_s,
    service.counts_self_service,
    service.login_tolerance_s::double precision as login_tolerance_s,
    service.logout_tolerance_s::double precision as logout_tolerance_s,
    service.no_show_after_s::double precision as no_show_after_s,
    service.opening_hours,
    service.roster_cutoff,
    (period.known_from_at at time zone service.timezone)::date as valid_from,
    null::date as valid_to,
    period.known_from_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    false as is_provisional
from {{ ref('int_service') }} as service
left join {{ ref('int_reference_version') }} as period
    on period.feed = 'service'
    and period.key = array[service.service_code]
    and period.known_to_at is null
