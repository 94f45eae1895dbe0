select
    cycle.cycle_id as cycle_step_id,
    cycle.step,
    cycle.as_of as clock_at,
    cycle.started_at,
    cycle.finished_at,
    extract(epoch from cycle.finished_at - cycle.started_at)::double precision as took_s,
    cycle.error is not null as is_failed,
    -- Clock
    {{ built_as_of() }} as as_of,
    false as is_provisional
from {{ source('ops', 'cycle') }} as cycle
