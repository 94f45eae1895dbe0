-- One row per agent and local date with logged-in time that no shift owns.
{{
    config(
        meta={
            'touched': 'int_unscheduled_touched',
            'by': ['agent_id'],
            'from': {'from_date': 'roster_date'},
            'to': {'to_date': 'roster_date'},
        },
        indexes=[
            {'columns': ['agent_id', 'roster_date'], 'unique': true},
            {'columns': ['settles_at']},
        ],
    )
}}

with

logged_in as (
    select
        touched.agent_id,
        touched.service_code,
        touched.timezone,
        touched.from_date,
        range_agg(
            tstzrange(
                greatest(session.session_started_at, touched.from_at),
                least(session.ends_at, touched.to_at, {{ as_of() }})
            )
        ) as logged_in,
        bool_or(coalesce(session.closes_itself_at >= {{ as_of() }}, false)) as is_open,
        -- The session that has not closed yet, if there is one: it is the last
        max(session.session_started_at) filter (where session.closes_itself_at >= {{ as_of() }})
            as open_since,
        max(session.closes_itself_at) + interval '1 microsecond' as runs_until
    from {{ ref('int_unscheduled_touched') }} as touched
    cross join
        lateral {{ sessions_between('touched.agent_id', 'touched.from_at', 'touched.to_at') }}
            as session
    where session.session_started_at <= {{ as_of() }}
    group by
        touched.agent_id,
        touched.service_code,
        touched.timezone,
        touched.from_date
),

pieces as (
    select
        logged_in.agent_id,
        logged_in.service_code,
        logged_in.timezone,
        logged_in.is_open,
        logged_in.open_since,
        logged_in.runs_until,
        day.local_day::date as roster_date,
        greatest(lower(piece.stretch), day.local_day at time zone logged_in.timezone) as starts_at,
        least(
            upper(piece.stretch),
            (day.local_day + interval '1 day') at time zone logged_in.timezone
        ) as ends_at
    from logged_in
    cross join
        lateral (
            select range_agg(tstzrange(shift.window_start_at, shift.window_end_at)) as owned
            from {{ ref('int_shift') }} as shift
            where shift.agent_id = logged_in.agent_id
                and shift.window_start_at < upper(logged_in.logged_in)
                and shift.window_end_at > lower(logged_in.logged_in)
        ) as windows
    cross join
        unnest(
            logged_in.logged_in - coalesce(windows.owned, '{}'::tstzmultirange)
        ) as piece (stretch)
    cross join generate_series(
        date_trunc('day', lower(piece.stretch) at time zone logged_in.timezone),
        upper(piece.stretch) at time zone logged_in.timezone,
        interval '1 day'
    ) as day (local_day)
),

days as (
    select
        pieces.agent_id,
        pieces.service_code,
        pieces.roster_date,
        min(pieces.starts_at) as first_login_at,
        case
            when not (bool_or(pieces.is_open) and max(pieces.ends_at) = {{ as_of() }})
                then max(pieces.ends_at)
        end as last_logout_at,
        -- A day is settled when it is over and the last session with time in it has closed
        greatest(
            (pieces.roster_date + 1)::timestamp at time zone pieces.timezone,
            max(pieces.runs_until) filter (where pieces.ends_at > pieces.open_since)
        ) as settles_at
    from pieces
    where pieces.starts_at < pieces.ends_at
    group by pieces.agent_id, pieces.service_code, pieces.roster_date, pieces.timezone
),

final as (
    select
        days.*,
        days.settles_at > {{ as_of() }} as is_provisional
    from days
)

select * from final
