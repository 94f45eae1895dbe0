select
    step.service_code,
    step.step_code,
    step.step_no,
    step.step_name,
    step.step_name_indonesian,
    step.lapses_after_days,
    step.follow_up_days,
    step.is_active,
    -- Clock
    {{ built_as_of() }} as as_of,
    false as is_provisional
from {{ ref('int_coaching_step') }} as step
