-- One row per service, with the defaults of the definitions where the site gave none.
select
    service.service_code,
    service.service_name,
    service.client_name,
    service.timezone,
    coalesce({{ number('service.short_abandon_s') }}, 5) as short_abandon_s,
    coalesce({{ truth('service.counts_self_service') }}, true) as counts_self_service,
    coalesce({{ number('service.login_tolerance_s') }}, 300) as login_tolerance_s,
    coalesce({{ number('service.logout_tolerance_s') }}, 300) as logout_tolerance_s,
    coalesce({{ number('service.no_show_after_s') }}, 1800) as no_show_after_s,
    service.opening_hours,
    coalesce(service.roster_cutoff::time, time '17:00') as roster_cutoff,
    service._load_id
from {{ source('raw', 'service') }} as service
