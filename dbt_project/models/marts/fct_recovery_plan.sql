select
    plan.plan_id,
    plan.breach_id,
    plan.status,
    plan.created_at,
    plan.submitted_at,
    plan.verified_at,
    plan.done_at,
    plan.closed_at,
    plan.author,
    plan.verifier,
    plan.is_effective,
    plan.retain_until,
    -- Its course
    plan.status_since,
    plan.started_at,
    plan.due_at,
    plan.effect_known_at,
    plan.cause_category,
    plan.responsible,
    plan.times_returned,
    plan.times_reopened,
    plan.is_on_legal_hold,
    -- Clock
    {{ built_as_of() }} as as_of,
    plan.closed_at is null as is_provisional
from {{ source('ops', 'recovery_plan') }} as plan
