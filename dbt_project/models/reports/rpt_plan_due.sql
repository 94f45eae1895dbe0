with

plans as (
    select
        plan.plan_id,
        plan.breach_id,
        breach.service_code,
        breach.channel,
        breach.kpi,
        breach.severity,
        breach.severity_since,
        breach.roster_date,
        plan.status,
        plan.due_at as stated_due_at,
        case plan.status
            when 'submitted' then 'verify'
            when 'verified' then 'start'
            when 'in_action' then 'finish'
            when 'done' then 'close'
            else 'submit'
        end as step,
        -- Its closing is due once its effect is known
        case plan.status when 'done' then plan.effect_known_at else plan.status_since end
            as waits_since
    from {{ source('ops', 'recovery_plan') }} as plan
    inner join {{ source('ops', 'breach') }} as breach on breach.breach_id = plan.breach_id
    where plan.closed_at is null
),

-- What became critical is due by the rules of both, whichever is sooner
severities as (
    select
        plans.plan_id,
        plans.severity,
        greatest(plans.waits_since, plans.severity_since) as since
    from plans
    union all
    select
        plans.plan_id,
        'warning',
        plans.waits_since
    from plans
    where plans.severity_since > plans.waits_since
),

ruled as (
    select distinct on (plans.plan_id)
        plans.*,
        due.at as due_at,
        coalesce(stated.remind_min, rule.remind_min)::double precision * interval '1 minute'
            as reminded_before,
        coalesce(stated.escalate_min, rule.escalate_min)::double precision * interval '1 minute'
            as escalated_after
    from plans
    inner join severities on severities.plan_id = plans.plan_id
    inner join {{ ref('stg_plan__rule') }} as rule
        on rule.severity = severities.severity and rule.step = plans.step
    left join {{ ref('stg_canonical__plan_rule') }} as stated
        on stated.service_code = plans.service_code
        and stated.severity = severities.severity
        and stated.step = plans.step
    left join {{ ref('int_service') }} as service
        on service.service_code = plans.service_code
    cross join
        lateral (
            select
                coalesce(service.has_opening_hours, false)
                and plans.roster_date is null as keeps_hours,
                limits.due_min,
                severities.since + limits.due_min * interval '1 minute' as by_the_clock
            from (
                select coalesce(stated.due_min, rule.due_min)::double precision as due_min
            ) as limits
        ) as soonest
    cross join
        lateral (
            select
                -- Minutes and hours go by while the service is open; what is due after days is due
                -- by the clock, and not before it opens then
                case
                    when soonest.due_min >= 1440
                        then {{ service_moment('service', 'soonest.by_the_clock', '0') }}
                    else {{ service_moment('service', 'severities.since', 'soonest.due_min * 60') }}
                end as at
        ) as open_time
    cross join
        lateral (
            select
                case
                    when plans.step = 'finish' then plans.stated_due_at
                    -- A roster is needed by the morning, whoever is there
                    when not soonest.keeps_hours then soonest.by_the_clock
                    -- A service that stays closed for weeks has no time of its own
                    else coalesce(open_time.at, soonest.by_the_clock)
                end as at
        ) as due
    where plans.waits_since is not null
    order by plans.plan_id, due.at
)

select
    ruled.plan_id,
    ruled.breach_id,
    ruled.service_code,
    ruled.channel,
    ruled.kpi,
    ruled.severity,
    ruled.status,
    ruled.step,
    -- Times
    ruled.waits_since,
    ruled.due_at,
    ruled.due_at - ruled.reminded_before as remind_at,
    ruled.due_at + ruled.escalated_after as escalate_at,
    coalesce(ruled.due_at < {{ built_as_of() }}, false) as is_overdue,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from ruled
