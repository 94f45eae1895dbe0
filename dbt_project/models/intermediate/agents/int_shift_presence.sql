-- One row per touched working shift: when the agent was logged in, as ranges of time cut to the
-- window of the shift, up to the clock.
with

shifts as (
    select shift.*
    from {{ ref('int_shift_touched') }}
    inner join {{ ref('int_shift') }} as shift
        using (agent_id, service_code, roster_date, shift_code)
    where shift.window_start_at is not null
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
    -- For each shift by itself: of what was touched just now the planner knows no number of rows
    cross join
        lateral (
            select
                range_agg(stretch.logged_in) as logged_in,
                range_agg(stretch.logged_in) filter (where not stretch.is_auto_closed)
                    as logged_in_properly,
                bool_or(stretch.is_auto_closed and not isempty(stretch.logged_in)) as auto_closed,
                bool_or(stretch.is_open) as is_open,
                max(stretch.runs_until) as runs_until
            from (
                select
                    tstzrange(
                        greatest(session.session_started_at, shifts.window_start_at),
                        least(session.ends_at, shifts.window_end_at, {{ as_of() }})
                    ) as logged_in,
                    -- A session closed itself if the clock is past its closing
                    coalesce(session.closes_itself_at < {{ as_of() }}, false) as is_auto_closed,
                    -- The session goes on beyond the clock
                    shifts.window_end_at > {{ as_of() }}
                    and coalesce(session.closes_itself_at >= {{ as_of() }}, false) as is_open,
                    -- Not closed yet, be it beyond the window: a session that closes itself later
                    -- counts less
                    case
                        when session.closes_itself_at >= {{ as_of() }}
                            then session.closes_itself_at + interval '1 microsecond'
                    end as runs_until
                from {{ sessions_between(
                'shifts.agent_id', 'shifts.window_start_at', 'shifts.window_end_at'
            ) }} as session
                where shifts.window_start_at <= {{ as_of() }}
                    and session.session_started_at <= {{ as_of() }}
            ) as stretch
        ) as sessions
    left join {{ ref('int_exception') }} as exception on exception.agent_id = shifts.agent_id
)

select * from final
