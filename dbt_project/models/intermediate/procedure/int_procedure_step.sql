-- One row per breach or plan and step whose speed SOP 7 asks for.
{{ config(materialized='view') }}

with

breaches as (
    select
        breach.*,
        service.timezone,
        -- The first interval of the window in which the target was missed
        {{ interval_start('breach.started_at', 'service.timezone') }} + {{ interval_length() }}
            as interval_end_at
    from {{ source('ops', 'breach') }} as breach
    inner join {{ ref('int_service') }} as service on service.service_code = breach.service_code
    where breach.detected_at <= {{ built_as_of() }}
),

-- The first time of each: what a reopened plan takes again is another round
firsts as (
    select
        entry.subject_id as plan_id,
        min(entry.at) filter (where entry.action = 'submit') as submitted_at,
        min(entry.at) filter (where entry.action = 'verify') as verified_at,
        min(entry.at) filter (where entry.action = 'finish') as done_at
    from {{ source('ops', 'audit') }} as entry
    where entry.subject = 'recovery_plan'
    group by entry.subject_id
),

plans as (
    select
        plan.plan_id,
        plan.breach_id,
        plan.created_at,
        plan.closed_at,
        firsts.submitted_at,
        firsts.verified_at,
        firsts.done_at,
        breaches.service_code,
        breaches.timezone
    from {{ source('ops', 'recovery_plan') }} as plan
    left join firsts on firsts.plan_id = plan.plan_id
    inner join breaches on breaches.breach_id = plan.breach_id
    where plan.created_at <= {{ built_as_of() }}
),

steps as (
    select
        step.indicator,
        breaches.service_code,
        breaches.timezone,
        breaches.detected_at as counted_at,
        step.from_at,
        step.done_at,
        null::timestamptz as given_up_at
    from breaches
    left join plans on plans.breach_id = breaches.breach_id
    cross join
        lateral (
            values
            ('breach_detection_speed', breaches.interval_end_at, breaches.detected_at),
            ('plan_creation_speed', breaches.detected_at, plans.created_at)
        ) as step (indicator, from_at, done_at)
    -- A roster that is missing is no matter of monitoring the services
    where step.indicator <> 'breach_detection_speed' or breaches.roster_date is null
    union all
    select
        step.indicator,
        plans.service_code,
        plans.timezone,
        plans.created_at,
        step.from_at,
        step.done_at,
        plans.closed_at
    from plans
    cross join
        lateral (
            values
            ('plan_submission_speed', plans.created_at, plans.submitted_at),
            ('plan_verification_speed', plans.created_at, plans.verified_at),
            ('plan_completion_speed', plans.created_at, plans.done_at)
        ) as step (indicator, from_at, done_at)
),

-- What happened after the clock has not happened yet
known as (
    select
        steps.*,
        case when steps.done_at <= {{ built_as_of() }} then steps.done_at end as known_done_at,
        case when steps.given_up_at <= {{ built_as_of() }} then steps.given_up_at end
            as known_given_up_at
    from steps
),

final as (
    select
        known.indicator,
        known.service_code,
        date_trunc('month', known.counted_at at time zone known.timezone)::date as month,
        {{ seconds_between('known.from_at', 'known.known_done_at') }}::double precision
            as elapsed_s,
        -- How long it has been waited for
        case
            when known.known_done_at is null
                then {{ seconds_between(
                    'known.from_at', 'coalesce(known.known_given_up_at, ' ~ built_as_of() ~ ')'
                ) }}::double precision
        end as waited_s,
        known.known_done_at is null and known.known_given_up_at is null as is_open
    from known
)

select * from final
