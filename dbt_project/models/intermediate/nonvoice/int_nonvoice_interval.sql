-- One row per service, channel and interval in which a conversation was received or at whose end
-- one waits.
{{
    config(
        meta={
            'touched': 'int_nonvoice_interval_touched',
            'by': ['service_code', 'channel', 'interval_start'],
        },
        indexes=[{'columns': ['service_code', 'channel', 'interval_start'], 'unique': true}],
    )
}}

with

services as (
    select * from {{ ref('int_service') }}
),

targets as (
    select * from {{ ref('stg_canonical__kpi_target') }}
    where kpi = 'response_time'
),

-- The threshold in force on the local date; the waiting list is taken at the interval's end, or at
-- the clock in the interval that is not over
intervals as (
    select
        touched.service_code,
        touched.channel,
        touched.interval_start,
        touched.interval_start + {{ interval_length() }} as interval_end,
        least(touched.interval_start + {{ interval_length() }}, {{ as_of() }}) as counted_at,
        target.threshold_s
    from {{ ref('int_nonvoice_interval_touched') }} as touched
    inner join services on services.service_code = touched.service_code
    left join lateral (
        select targets.threshold_s
        from targets
        where targets.service_code = touched.service_code
            and targets.channel = touched.channel
            and (touched.interval_start at time zone services.timezone)::date
            between targets.effective_from and coalesce(targets.effective_to, 'infinity')
        order by targets.effective_from desc
        limit 1
    ) as target on true
    where touched.interval_start <= {{ as_of() }}
),

-- The conversations received in each interval, as they are at the clock
received as (
    select
        intervals.service_code,
        intervals.channel,
        intervals.interval_start,
        intervals.threshold_s,
        conversation.waits_until,
        case
            when conversation.first_response_at <= {{ as_of() }}
                then {{ service_seconds(
                    'services', 'conversation.received_at', 'conversation.first_response_at'
                ) }}
        end as first_response_s,
        case
            when coalesce(conversation.first_response_at > {{ as_of() }}, true)
                then {{ service_seconds(
                    'services',
                    'conversation.received_at',
                    'least(conversation.closed_at, ' ~ as_of() ~ ')'
                ) }}
        end as unanswered_s
    from intervals
    inner join services on services.service_code = intervals.service_code
    -- Interval by interval, by index
    cross join lateral (
        select conversation.*
        from {{ ref('int_conversation') }} as conversation
        where conversation.service_code = intervals.service_code
            and conversation.channel = intervals.channel
            and conversation.interval_start = intervals.interval_start
            and conversation.received_at <= {{ as_of() }}
        {{ by_itself() }}
    ) as conversation
),

responses as (
    select
        received.service_code,
        received.channel,
        received.interval_start,
        count(*) as received,
        count(received.first_response_s) as responded,
        count(*) filter (where received.first_response_s <= received.threshold_s)
            as responded_in_target,
        count(*) filter (where received.unanswered_s > received.threshold_s)
            as overdue_unanswered,
        sum(received.first_response_s) as first_response_s_sum,
        percentile_cont(0.5) within group (order by received.first_response_s)
            as p50_first_response_s,
        percentile_cont(0.9) within group (order by received.first_response_s)
            as p90_first_response_s,
        max(received.waits_until) as waits_until
    from received
    group by received.service_code, received.channel, received.interval_start
),

-- Who waits at the counting moment
waiting as (
    select
        intervals.service_code,
        intervals.channel,
        intervals.interval_start,
        count(*) as waiting_list,
        max(
            {{ service_seconds('services', 'conversation.received_at', 'intervals.counted_at') }}
        ) as oldest_waiting_s
    from intervals
    inner join services on services.service_code = intervals.service_code
    cross join
        lateral (
            select conversation.*
            from {{ ref('int_conversation') }} as conversation
            where conversation.service_code = intervals.service_code
                and conversation.channel = intervals.channel
                and conversation.waiting @> intervals.counted_at
            {{ by_itself() }}
        ) as conversation
    group by intervals.service_code, intervals.channel, intervals.interval_start
),

final as (
    select
        intervals.service_code,
        intervals.channel,
        intervals.interval_start,
        -- Responses
        coalesce(responses.received, 0) as received,
        coalesce(responses.responded, 0) as responded,
        coalesce(responses.responded_in_target, 0) as responded_in_target,
        coalesce(responses.overdue_unanswered, 0) as overdue_unanswered,
        intervals.threshold_s,
        responses.first_response_s_sum::double precision as first_response_s_sum,
        responses.p50_first_response_s,
        responses.p90_first_response_s,
        -- Waiting list
        coalesce(waiting.waiting_list, 0) as waiting_list,
        waiting.oldest_waiting_s::double precision as oldest_waiting_s,
        greatest(responses.waits_until, intervals.interval_end) > {{ as_of() }}
            as is_provisional
    from intervals
    left join responses using (service_code, channel, interval_start)
    left join waiting using (service_code, channel, interval_start)
    where responses.received > 0 or waiting.waiting_list > 0
)

select * from final
