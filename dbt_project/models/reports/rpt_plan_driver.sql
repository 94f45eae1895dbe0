with

plans as (
    select
        plan.plan_id,
        plan.breach_id,
        plan.closed_at is null as is_open,
        plan.facts -> 'explanation' as explanation
    from {{ source('ops', 'recovery_plan') }} as plan
)

select
    plans.plan_id,
    plans.breach_id,
    breach.service_code,
    breach.channel,
    breach.kpi,
    cause.told ->> 'cause' as cause,
    plans.explanation ->> 'unit' as unit,
    -- Of the gap
    (plans.explanation ->> 'gap')::double precision as gap,
    (cause.told ->> 'share')::double precision as share,
    (cause.told ->> 'low')::double precision as share_low,
    (cause.told ->> 'high')::double precision as share_high,
    cause.told ->> 'reason' as reason,
    -- Clock
    {{ built_as_of() }} as as_of,
    plans.is_open as is_provisional
from plans
inner join {{ source('ops', 'breach') }} as breach on breach.breach_id = plans.breach_id
cross join {{ elements("(plans.explanation -> 'causes')") }} as cause (told)
