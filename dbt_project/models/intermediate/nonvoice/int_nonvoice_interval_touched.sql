-- One row per service, channel and interval whose conversations, waiting list, clock or rules have
-- changed since the last run.
with

services as (
    select * from {{ ref('int_service') }}
),

conversations as not materialized (
    select * from {{ ref('int_conversation') }}
),

targets as (
    select * from {{ ref('stg_canonical__kpi_target') }}
),

holidays as (
    select * from {{ ref('stg_canonical__holiday') }}
),

-- Stretches of time in which somebody's waiting began, ended or went on. Who is received at the
-- very end of an interval waits at its end: so they begin one interval early.
stretches as (
    select
        version.service_code,
        version.channel,
        version.interval_start - {{ interval_length() }} as first_interval,
        least(version.waits_until, {{ as_of() }}) as ends_at
    from {{ ref('int_conversation_arrival') }} as version
    union all
    -- Where a conversation stood that was put together anew
    select
        place.service_code,
        place.channel,
        place.interval_start - {{ interval_length() }},
        least(place.waits_until, {{ as_of() }})
    from {{ ref('int_vendor_conversation_place') }} as place
    union all
    select
        conversations.service_code,
        conversations.channel,
        {{ interval_start(
            'greatest(conversations.received_at, ' ~ previous_as_of() ~ ')', 'services.timezone'
        ) }} - {{ interval_length() }},
        least(conversations.waits_until, {{ as_of() }})
    from conversations
    inner join services on services.service_code = conversations.service_code
    where conversations.waits_until > {{ previous_as_of() }}
        and conversations.received_at <= {{ as_of() }}
),

final as (
    select
        stretches.service_code,
        stretches.channel,
        step.interval_start
    from stretches
    cross join
        generate_series(
            stretches.first_interval,
            greatest(stretches.first_interval, stretches.ends_at),
            {{ interval_length() }}
        ) as step (interval_start)
    union
    -- Where a conversation could still change with the clock
    select conversations.service_code, conversations.channel, conversations.interval_start
    from conversations
    where conversations.settles_at > {{ previous_as_of() }}
    union
    -- Where a target holds that was delivered or changed
    select conversations.service_code, conversations.channel, conversations.interval_start
    from targets
    inner join services on services.service_code = targets.service_code
    inner join conversations
        on conversations.service_code = targets.service_code
        and conversations.channel = targets.channel
        and conversations.interval_start
        >= targets.effective_from::timestamp at time zone services.timezone
    where {{ arrived('targets') }}
    union
    -- Where a holiday was declared
    select conversations.service_code, conversations.channel, step.interval_start
    from holidays
    inner join services
        on services.service_code = coalesce(holidays.service_code, services.service_code)
        and services.has_opening_hours
    inner join conversations
        on conversations.service_code = services.service_code
        and conversations.settles_at
        >= holidays.holiday_date::timestamp at time zone services.timezone
    cross join
        generate_series(
            conversations.interval_start - {{ interval_length() }},
            greatest(
                conversations.interval_start, least(conversations.waits_until, {{ as_of() }})
            ),
            {{ interval_length() }}
        ) as step (interval_start)
    where {{ arrived('holidays') }}
)

select * from final
