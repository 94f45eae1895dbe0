-- One row per service and interval whose calls, clock or rules have changed since the last run.
with

calls as not materialized (
    select * from {{ ref('int_call') }}
),

targets as (
    select * from {{ ref('stg_canonical__kpi_target') }}
),

final as (
    -- Where a version of an arrived call stands or stood
    select version.service_code, version.interval_start
    from {{ ref('int_call_arrival') }} as version
    union
    -- Where a call stood that was put together anew
    select place.service_code, place.interval_start
    from {{ ref('int_vendor_call_place') }} as place
    union
    -- Where a call could still change with the clock
    select calls.service_code, calls.interval_start
    from calls
    where calls.settles_at > {{ previous_as_of() }}
    union
    -- Where a target holds that was delivered or changed
    select calls.service_code, calls.interval_start
    from targets
    inner join {{ ref('int_service') }} as services
        on services.service_code = targets.service_code
    inner join calls
        on calls.service_code = targets.service_code
        and calls.interval_start >= targets.effective_from::timestamp at time zone services.timezone
    where targets.channel = 'voice' and {{ arrived('targets') }}
)

select * from final
