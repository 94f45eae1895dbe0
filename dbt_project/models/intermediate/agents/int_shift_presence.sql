-- One row per touched working shift: when the agent was logged in, as ranges of time cut to the
-- window of the shift, up to the clock.
{{ config(materialized='table', incremental_strategy=none) }}

with

shifts as (
    select shift.*
    from {{ ref('int_shift_touched') }}
    inner join {{ ref('int_shift') }} as shift
        using (agent_id, service_code, roster_date, shift_code)
    where shift.window_start_at is not null
),

stretches as (
    select
        shifts.agent_id,
        shifts.service_code,
        shifts.roster_date,
        shifts.shift_code,
        tstzrange(
            greatest(state.starts_at, shifts.window_start_at),
            least(state.ends_at, shifts.window_end_at, {{ as_of() }})
        ) as logged_in,
        -- A session closed itself if the clock is past its closing
        coalesce(state.closes_itself_at < {{ as_of() }}, false) as is_auto_closed,
        -- The session goes on beyond the clock
        least(state.ends_at, shifts.window_end_at) >= {{ as_of() }}
        and shifts.window_end_at > {{ as_of() }}
        and (state.ends_at > {{ as_of() }} or state.closes_itself_at = state.ends_at) as is_open,
        -- Not closed yet, be it beyond the window: a session that closes itself later counts less
        case
            when state.closes_itself_at >= {{ as_of() }}
                then state.closes_itself_at + interval '1 microsecond'
        end as runs_until
    from shifts
    -- States of one agent do not overlap: at most one began before the window and reaches into it
    cross join
        lateral (
            select max(earlier.starts_at) as starts_at
            from {{ ref('int_agent_state') }} as earlier
            where earlier.agent_id = shifts.agent_id and earlier.starts_at <= shifts.window_start_at
        ) as earlier
    inner join {{ ref('int_agent_state') }} as state
        on state.agent_id = shifts.agent_id
        and state.starts_at >= coalesce(earlier.starts_at, shifts.window_start_at)
        and state.starts_at < shifts.window_end_at
        and state.ends_at > shifts.window_start_at
        and state.starts_at <= {{ as_of() }}
    where shifts.window_start_at <= {{ as_of() }}
),

sessions as (
    select
        stretches.agent_id,
        stretches.service_code,
        stretches.roster_date,
        stretches.shift_code,
        range_agg(stretches.logged_in) as logged_in,
        coalesce(
            range_agg(stretches.logged_in) filter (where not stretches.is_auto_closed),
            '{}'::tstzmultirange
        ) as logged_in_properly,
        bool_or(stretches.is_auto_closed and not isempty(stretches.logged_in)) as auto_closed,
        bool_or(stretches.is_open) as is_open,
        max(stretches.runs_until) as runs_until
    from stretches
    group by
        stretches.agent_id, stretches.service_code, stretches.roster_date, stretches.shift_code
),

final as (
    select
        shifts.*,
        coalesce(sessions.logged_in, '{}'::tstzmultirange) as logged_in,
        coalesce(sessions.logged_in_properly, '{}'::tstzmultirange) as logged_in_properly,
        coalesce(sessions.logged_in, '{}'::tstzmultirange)
        * tstzmultirange(tstzrange(shifts.planned_start_at, shifts.planned_end_at)) as presence,
        coalesce(sessions.auto_closed, false) as auto_closed,
        coalesce(sessions.is_open, false) as is_open,
        sessions.runs_until,
        -- From this clock on, nothing but what arrives can change what is measured
        greatest(shifts.window_end_at, sessions.runs_until) as settles_at,
        coalesce(exception.excepted, '{}'::tstzmultirange) as excepted
    from shifts
    left join sessions using (agent_id, service_code, roster_date, shift_code)
    left join {{ ref('int_exception') }} as exception on exception.agent_id = shifts.agent_id
)

select * from final
