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
    service.roster_cutoff
from {{ ref('int_service') }} as service
