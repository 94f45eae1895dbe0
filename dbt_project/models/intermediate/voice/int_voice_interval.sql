-- One row per service and interval in which a call was offered.
{{
    config(
        meta={'touched': 'int_voice_interval_touched', 'by': ['service_code', 'interval_start']},
        indexes=[{'columns': ['service_code', 'interval_start'], 'unique': true}],
    )
}}

with

touched as (
    select * from {{ ref('int_voice_interval_touched') }}
),

services as (
    select * from {{ ref('int_service') }}
),

targets as (
    select * from {{ ref('stg_canonical__kpi_target') }}
    where channel = 'voice' and kpi = 'service_level'
),

-- The threshold and the formula of the service level in force on the local date
rules as (
    select
        touched.service_code,
        touched.interval_start,
        services.short_abandon_s,
        services.counts_self_service,
        coalesce(target.threshold_s, {{ usual_threshold_s() }}) as threshold_s,
        case when target.formula_version between 1 and 4 then target.formula_version else 1 end
            as formula_version
    from touched
    inner join services on services.service_code = touched.service_code
    left join lateral (
        select targets.threshold_s, targets.formula_version
        from targets
        where targets.service_code = touched.service_code
            and (touched.interval_start at time zone services.timezone)::date
            between targets.effective_from and coalesce(targets.effective_to, 'infinity')
        order by targets.effective_from desc
        limit 1
    ) as target on true
),

-- What each call is at the clock: what lies after it has not happened yet
calls as (
    select
        rules.*,
        call.settles_at,
        call.hold_s,
        call.acw_s,
        call.talk_s,
        call.answered_at,
        call.ended_at,
        case
            when call.outcome = 'answered' and coalesce(call.answered_at <= {{ as_of() }}, true)
                then 'answered'
            when call.outcome not in ('answered', 'open')
                and coalesce(call.left_at <= {{ as_of() }}, true)
                then case
                    when call.outcome = 'abandoned' and call.queued_at is null then 'left_in_menu'
                    else call.outcome
                end
            when {{ as_of() }} >= call.offered_at + interval '4 hours' then 'timed_out'
            else 'open'
        end as outcome,
        {{ call_wait_s('call') }} as wait_s
    from rules
    -- Interval by interval, by index
    cross join lateral (
        select call.*
        from {{ ref('int_call') }} as call
        where call.service_code = rules.service_code
            and call.interval_start = rules.interval_start
            and call.direction = 'inbound'
            and call.outcome <> 'closed'
            and call.offered_at <= {{ as_of() }}
        {{ by_itself() }}
    ) as call
),

classified as (
    select
        calls.*,
        calls.outcome = 'abandoned' and calls.wait_s <= calls.short_abandon_s as is_short,
        calls.wait_s <= calls.threshold_s as is_in_threshold,
        calls.outcome = 'answered' and calls.ended_at <= {{ as_of() }} as is_handled
    from calls
),

counted as (
    select
        classified.service_code,
        classified.interval_start,
        -- Rules
        min(classified.threshold_s) as threshold_s,
        min(classified.formula_version) as formula_version,
        bool_and(classified.counts_self_service) as counts_self_service,
        -- Outcomes
        count(*) as offered,
        count(*) filter (where classified.outcome = 'answered') as answered,
        count(*) filter (where classified.outcome = 'self_served') as self_served,
        count(*) filter (where classified.outcome = 'abandoned') as abandoned,
        count(*) filter (where classified.is_short) as short_abandoned,
        count(*) filter (where classified.outcome = 'left_in_menu') as left_in_menu,
        count(*) filter (where classified.outcome = 'blocked') as blocked,
        count(*) filter (where classified.outcome = 'timed_out') as timed_out,
        count(*) filter (where classified.outcome = 'open') as still_open,
        -- Within the threshold
        count(*) filter (where classified.outcome = 'answered' and classified.is_in_threshold)
            as answered_in_threshold,
        count(*) filter (where classified.outcome = 'abandoned' and classified.is_in_threshold)
            as abandoned_in_threshold,
        -- Durations
        coalesce(sum(classified.wait_s) filter (where classified.outcome = 'answered'), 0)
            as wait_s_sum,
        count(*) filter (where classified.is_handled) as handled,
        coalesce(
            sum({{ call_handle_s('classified') }}) filter (where classified.is_handled),
            0
        ) as handle_s_sum,
        -- Clock
        max(classified.settles_at) as settles_at
    from classified
    group by classified.service_code, classified.interval_start
),

final as (
    select
        counted.service_code,
        'voice' as channel,
        counted.interval_start,
        counted.offered,
        counted.answered,
        counted.self_served,
        counted.abandoned,
        counted.short_abandoned,
        counted.left_in_menu,
        counted.blocked,
        counted.timed_out,
        counted.still_open,
        -- Success call rate
        counted.answered
        + case when counted.counts_self_service then counted.self_served else 0 end
            as scr_numerator,
        counted.offered - counted.still_open - counted.left_in_menu - counted.short_abandoned
            as scr_denominator,
        -- Abandonment
        counted.abandoned - counted.short_abandoned as abandon_numerator,
        -- Service level
        counted.answered_in_threshold,
        counted.threshold_s as service_level_threshold_s,
        counted.formula_version as service_level_version,
        case
            when counted.formula_version = 4
                then counted.answered_in_threshold + counted.abandoned_in_threshold
            else counted.answered_in_threshold
        end as service_level_numerator,
        case counted.formula_version
            when 1
                then counted.offered - counted.still_open - counted.left_in_menu
                - counted.short_abandoned
            when 2 then counted.answered
            else counted.answered + counted.abandoned
        end as service_level_denominator,
        -- Durations
        counted.wait_s_sum::double precision as wait_s_sum,
        counted.handle_s_sum::double precision as handle_s_sum,
        counted.handled,
        counted.settles_at > {{ as_of() }} as is_provisional
    from counted
)

select * from final
