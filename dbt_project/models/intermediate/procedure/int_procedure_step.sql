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

-- Steps of plans as the audit has them: when each was taken, and when it had to be by the rules of
-- that time. Without its `due`, as before version 2 of these indicators, it has a time but no rate.
taken as (
    select
        entry.subject_id as plan_id,
        entry.audit_id,
        entry.action,
        entry.at,
        entry.content #>> '{due,step}' as step_due,
        (entry.content #>> '{due,at}')::timestamptz as due_at
    from {{ source('ops', 'audit') }} as entry
    where entry.subject = 'recovery_plan'
),

-- The first time of each: what a reopened plan takes again is another round
firsts as (
    select distinct on (taken.plan_id, taken.action) taken.*
    from taken
    where taken.action in ('submit', 'verify', 'finish')
    order by taken.plan_id, taken.action, taken.audit_id
),

-- The step that a plan waited for when it was given up
left_out as (
    select distinct on (taken.plan_id, taken.step_due) taken.*
    from taken
    where taken.action in ('close', 'withdraw')
    order by taken.plan_id, taken.step_due, taken.audit_id
),

plans as (
    select
        plan.plan_id,
        plan.breach_id,
        plan.created_at,
        plan.closed_at,
        plan.verified_at,
        plan.due_at as stated_due_at,
        breaches.service_code,
        breaches.timezone
    from {{ source('ops', 'recovery_plan') }} as plan
    inner join breaches on breaches.breach_id = plan.breach_id
    where plan.created_at <= {{ built_as_of() }}
),

steps as (
    select
        speed.indicator,
        breaches.service_code,
        breaches.timezone,
        breaches.detected_at as counted_at,
        speed.from_at,
        speed.done_at,
        speed.from_at + speed.within_s * interval '1 second' as due_at,
        null::timestamptz as given_up_at
    from breaches
    left join plans on plans.breach_id = breaches.breach_id
    cross join
        lateral (
            select
                indicator.indicator,
                indicator.sla_s as within_s,
                case indicator.indicator
                    when 'breach_detection_speed' then breaches.interval_end_at
                    else breaches.detected_at
                end as from_at,
                case indicator.indicator
                    when 'breach_detection_speed' then breaches.detected_at
                    else plans.created_at
                end as done_at
            from {{ ref('int_procedure_indicator') }} as indicator
            where indicator.indicator in ('breach_detection_speed', 'plan_creation_speed')
        ) as speed
    -- A roster that is missing is no matter of monitoring the services
    where speed.indicator <> 'breach_detection_speed' or breaches.roster_date is null
    union all
    select
        indicator.indicator,
        plans.service_code,
        plans.timezone,
        plans.created_at as counted_at,
        plans.created_at as from_at,
        firsts.at,
        case
            when firsts.plan_id is not null then firsts.due_at
            when left_out.plan_id is not null then left_out.due_at
            when waiting.plan_id is not null then waiting.due_at
            -- It has to be done by then, begun or not
            when indicator.step = 'finish' and plans.verified_at is not null
                then plans.stated_due_at
        end,
        plans.closed_at
    from plans
    inner join {{ ref('int_procedure_indicator') }} as indicator on indicator.step is not null
    left join firsts on firsts.plan_id = plans.plan_id and firsts.action = indicator.step
    left join left_out
        on left_out.plan_id = plans.plan_id and left_out.step_due = indicator.step
    left join {{ ref('rpt_plan_due') }} as waiting
        on waiting.plan_id = plans.plan_id and waiting.step = indicator.step
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
        known.known_done_at <= known.due_at as is_on_time,
        -- Done, or not done by the time at which it was due
        known.due_at is not null and (
            known.known_done_at is not null
            or known.due_at < coalesce(known.known_given_up_at, {{ built_as_of() }})
        ) as is_judged,
        known.known_done_at is null and known.known_given_up_at is null as is_open
    from known
)

select * from final
