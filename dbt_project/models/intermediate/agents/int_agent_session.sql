-- One row per session of an agent: states without a gap, from the login to the logout or to when
-- the session closes itself. Who asks only whether an agent is logged in need not read the states.
{{
    config(
        meta={
            'touched': 'int_agent_touched',
            'by': ['agent_id'],
            'from': {'session_from': 'session_started_at'},
            'to': {'ends_at': 'session_started_at'},
        },
        indexes=[
            {'columns': ['agent_id', 'session_started_at'], 'unique': true},
            {'columns': ['ends_at']},
        ],
    )
}}

select
    state.agent_id,
    state.session_started_at,
    max(state.ends_at) as ends_at,
    -- When the session closes itself, unless an event comes first; null if a logout ended it
    max(state.ends_at) filter (where state.closes_itself) as closes_itself_at
from {{ ref('int_agent_touched') }} as touched
cross join lateral {{ touched_rows('int_agent_state', 'starts_at') }} as state
group by state.agent_id, state.session_started_at
