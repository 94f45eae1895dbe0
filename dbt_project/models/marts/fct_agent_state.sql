select
    state.agent_id,
    state.starts_at,
    state.ends_at,
    state.state,
    state.aux_code,
    state.session_started_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    state.ends_at > {{ built_as_of() }} as is_provisional
from {{ ref('int_agent_state') }} as state
