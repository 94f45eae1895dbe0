-- One row per violation of a rule that is judged session by session: logged in without a roster,
-- and at two stations at once.
{{
    config(
        meta={
            'touched': 'int_rotg_session_touched',
            'by': ['agent_id'],
            'from': {'from_at': 'session_started_at'},
        },
        indexes=[
            {'columns': ['agent_id', 'session_started_at']},
            {'columns': ['service_code', 'roster_date']},
        ],
    )
}}

with

touched as (
    select
        touched.agent_id,
        touched.from_at,
        agent.service_code,
        agent.timezone,
        coalesce(exceptions.excepted, '{}'::tstzmultirange) as excepted
    from {{ ref('int_rotg_session_touched') }} as touched
    inner join {{ ref('int_agent') }} as agent on agent.agent_id = touched.agent_id
    left join {{ ref('int_exception') }} as exceptions on exceptions.agent_id = touched.agent_id
),

sessions as (
    select
        touched.agent_id,
        touched.service_code,
        touched.timezone,
        touched.excepted,
        session.session_started_at,
        least(session.ends_at, {{ as_of() }}) as runs_to,
        session.closes_itself_at
    from touched
    cross join
        lateral (
            select known.*
            from {{ ref('int_agent_session') }} as known
            where known.agent_id = touched.agent_id
                and known.session_started_at >= touched.from_at
                and known.session_started_at < {{ as_of() }}
            {{ touched_by_itself() }}
        ) as session
),

windows as (
    select
        touched.agent_id,
        range_agg(tstzrange(shift.window_start_at, shift.window_end_at)) as owned
    from touched
    inner join {{ ref('int_shift') }} as shift
        on shift.agent_id = touched.agent_id
        and shift.window_end_at > touched.from_at
        and shift.window_start_at <= {{ as_of() }}
    group by touched.agent_id
),

unrostered as (
    select
        sessions.*,
        'login_without_roster' as rule_code,
        tstzmultirange(tstzrange(sessions.session_started_at, sessions.runs_to))
        - coalesce(windows.owned, '{}'::tstzmultirange)
        - sessions.excepted as spent,
        null::jsonb as stations
    from sessions
    left join windows on windows.agent_id = sessions.agent_id
),

-- A station is in use from its first event in the session; a logout at any of them ends the session
agents_of_several as (
    select station.agent_id
    from {{ ref('int_agent_station') }} as station
    group by station.agent_id
    having count(*) > 1
),

stations as (
    select
        sessions.agent_id,
        sessions.session_started_at,
        event.source,
        {{ station_id('event') }} as external_id,
        min(event.occurred_at) as first_at,
        (
            array_agg(
                coalesce(event.event_id, event.event_key::text)
                order by event.occurred_at, coalesce(event.event_id, event.event_key::text)
            )
        )[1] as event_id
    from sessions
    inner join agents_of_several on agents_of_several.agent_id = sessions.agent_id
    cross join
        lateral (
            select known.*
            from {{ ref('int_agent_event') }} as known
            where known.agent_id = sessions.agent_id
                and known.occurred_at >= sessions.session_started_at
                and known.occurred_at < sessions.runs_to
                and known.event <> 'logout'
            {{ touched_by_itself() }}
        ) as event
    group by
        sessions.agent_id,
        sessions.session_started_at,
        event.source,
        {{ station_id('event') }}
),

pairs as (
    select
        stations.agent_id,
        stations.session_started_at,
        (array_agg(stations.first_at order by stations.first_at))[2] as second_at,
        jsonb_agg(
            jsonb_build_object(
                'source', stations.source,
                'external_id', stations.external_id,
                'event_id', stations.event_id
            )
            order by stations.first_at, stations.source, stations.external_id
        ) as stations
    from stations
    group by stations.agent_id, stations.session_started_at
    having count(*) > 1
),

doubled as (
    select
        sessions.*,
        'two_stations' as rule_code,
        tstzmultirange(tstzrange(pairs.second_at, sessions.runs_to)) - sessions.excepted as spent,
        pairs.stations
    from pairs
    inner join sessions using (agent_id, session_started_at)
),

occurrences as (
    select * from unrostered
    union all
    select * from doubled
),

pieces as (
    select
        occurrences.agent_id,
        occurrences.service_code as team_service_code,
        occurrences.timezone,
        occurrences.session_started_at,
        occurrences.rule_code,
        occurrences.stations,
        lower(piece.stretch) as started_at,
        upper(piece.stretch) as ended_at,
        extract(epoch from upper(piece.stretch) - lower(piece.stretch)) as measured,
        -- Cut off by the clock alone: it goes on until the session closes itself
        case
            when upper(piece.stretch) = {{ as_of() }}
                then coalesce(
                    occurrences.closes_itself_at + interval '1 microsecond', upper(piece.stretch)
                )
            else upper(piece.stretch)
        end as settles_at
    from occurrences
    cross join unnest(occurrences.spent) as piece (stretch)
),

-- The shift that owns the start, else the service of the team and its local date
placed as (
    select
        pieces.*,
        owner.shift_code,
        coalesce(owner.service_code, pieces.team_service_code) as service_code,
        coalesce(owner.roster_date, (pieces.started_at at time zone pieces.timezone)::date)
            as roster_date
    from pieces
    left join lateral {{ shift_owning('pieces.agent_id', 'pieces.started_at') }} as owner on true
),

final as (
    select
        placed.agent_id,
        placed.service_code,
        placed.roster_date,
        placed.shift_code,
        placed.rule_code,
        rules.rule_version,
        placed.started_at,
        placed.ended_at,
        placed.measured,
        rules.threshold,
        jsonb_strip_nulls(
            jsonb_build_object(
                'stations', placed.stations,
                'event_ids', cause.event_ids
            )
        ) as evidence,
        placed.settles_at,
        placed.session_started_at
    from placed
    inner join {{ ref('int_rotg_rule') }} as rules
        on rules.service_code = placed.service_code
        and rules.rule_code = placed.rule_code
        and rules.is_active
    -- The event that opened the session
    left join lateral (
        select
            jsonb_agg(
                coalesce(event.event_id, event.event_key::text)
                order by coalesce(event.event_id, event.event_key::text)
            ) as event_ids
        from {{ ref('int_agent_event') }} as event
        where placed.rule_code = 'login_without_roster'
            and event.agent_id = placed.agent_id
            and event.occurred_at = placed.session_started_at
            and event.event <> 'logout'
    ) as cause on true
    where placed.measured > rules.threshold
        or (rules.comparator = '>=' and placed.measured = rules.threshold)
)

select * from final
