-- One row per stretch of time in which an agent is logged in and in one state. Events in order of
-- time give the states; each lasts until the next event, or until the session closes itself.
--
-- Whether a session is open after a moment depends on that moment alone (a login or state opens,
-- a logout closes), except where login and logout fall together: then it is open if it was open.
-- So the state that held before the first change is all that a run has to know of what was before.
{{
    config(
        meta={
            'touched': 'int_agent_touched',
            'by': ['agent_id'],
            'from': {'restart_at': 'starts_at'},
            'to': {'ends_at': 'starts_at'},
        },
        indexes=[{'columns': ['agent_id', 'starts_at'], 'unique': true}],
    )
}}

with

events as (
    select
        event.agent_id,
        event.occurred_at,
        event.event,
        coalesce(event.state, 'ready') as state,
        case when event.state = 'aux' then coalesce(event.aux_code, '') end as aux_code,
        event.event_id,
        null::timestamptz as held_since
    from {{ ref('int_agent_touched') }} as touched
    cross join lateral {{ touched_rows('int_agent_event', 'occurred_at', after=true) }} as event
    where event.occurred_at <= {{ as_of() }}
    union all
    -- What held, as if it had just been told
    select
        touched.agent_id,
        touched.restart_at,
        'state',
        touched.state,
        touched.aux_code,
        null,
        touched.session_from
    from {{ ref('int_agent_touched') }} as touched
    where touched.restart_at > '-infinity'
),

-- All events of one moment together; of several states the one with the highest event id holds
moments as (
    select
        events.agent_id,
        events.occurred_at,
        bool_or(events.event = 'login') as has_login,
        bool_or(events.event = 'logout') as has_logout,
        bool_or(events.event = 'state') as has_state,
        (
            array_agg(
                events.state
                order by
                    events.event_id collate "C" desc nulls last, events.state, events.aux_code
            ) filter (where events.event = 'state')
        )[1] as state,
        (
            array_agg(
                events.aux_code
                order by
                    events.event_id collate "C" desc nulls last, events.state, events.aux_code
            ) filter (where events.event = 'state')
        )[1] as aux_code,
        max(events.held_since) as held_since
    from events
    group by events.agent_id, events.occurred_at
),

-- When an open session would close itself after each moment
closing as (
    select
        moments.*,
        case
            when shift.window_end_at > moments.occurred_at
                then greatest(moments.occurred_at, shift.planned_end_at) + interval '60 minutes'
            else moments.occurred_at + interval '4 hours'
        end as closes_at
    from moments
    -- Windows of one agent do not overlap: the last one that has begun is the only one that can own
    left join lateral (
        select owner.planned_end_at, owner.window_end_at
        from {{ ref('int_shift') }} as owner
        where owner.agent_id = moments.agent_id and owner.window_start_at <= moments.occurred_at
        order by owner.window_start_at desc
        limit 1
    ) as shift on true
),

neighbours as (
    select
        closing.*,
        lead(closing.occurred_at) over moment as next_at,
        -- A logout within four hours after the closing still ends the session
        coalesce(
            lead(closing.occurred_at) over moment > closing.closes_at
            and not (
                lead(closing.has_logout) over moment
                and lead(closing.occurred_at) over moment
                <= closing.closes_at + interval '4 hours'
            ),
            false
        ) as closes_before_next,
        case
            when not closing.has_logout then true
            when not closing.has_login then false
        end as leaves_open
    from closing
    window moment as (partition by closing.agent_id order by closing.occurred_at)
),

decided as (
    select
        neighbours.*,
        coalesce(lag(neighbours.closes_before_next) over moment, false) as is_after_closing,
        count(neighbours.leaves_open) over moment as decision
    from neighbours
    window moment as (partition by neighbours.agent_id order by neighbours.occurred_at)
),

-- A moment that does not decide by itself carries on what the last deciding one left
carried as (
    select
        decided.*,
        coalesce(
            first_value(decided.leaves_open) over carry
            and not bool_or(decided.is_after_closing and decided.leaves_open is null) over carry,
            false
        ) as is_open_after
    from decided
    window carry as (
        partition by decided.agent_id, decided.decision order by decided.occurred_at
    )
),

opened as (
    select
        carried.*,
        coalesce(lag(carried.is_open_after) over moment, false)
        and not carried.is_after_closing as is_open_before
    from carried
    window moment as (partition by carried.agent_id order by carried.occurred_at)
),

started as (
    select
        opened.*,
        opened.held_since is null
        and opened.is_open_after
        and (not opened.is_open_before or opened.has_logout) as is_start
    from opened
),

-- A repeated login changes nothing: the state before it goes on
numbered as (
    select
        started.*,
        count(*) filter (where started.is_start) over moment as session_number,
        count(*) filter (where started.is_start or started.has_state) over moment as state_number
    from started
    where started.is_open_after
    window moment as (partition by started.agent_id order by started.occurred_at)
),

stretches as (
    select
        numbered.agent_id,
        min(coalesce(numbered.held_since, numbered.occurred_at)) over in_session
            as session_started_at,
        numbered.occurred_at as starts_at,
        case
            when numbered.next_at is null or numbered.closes_before_next then numbered.closes_at
            else numbered.next_at
        end as ends_at,
        coalesce(first_value(numbered.state) over in_state, 'ready') as state,
        first_value(numbered.aux_code) over in_state as aux_code,
        numbered.next_at is null or numbered.closes_before_next as closes_itself
    from numbered
    window
        in_session as (partition by numbered.agent_id, numbered.session_number),
        in_state as (
            partition by numbered.agent_id, numbered.session_number, numbered.state_number
            order by numbered.occurred_at
        )
),

final as (
    select
        stretches.agent_id,
        stretches.session_started_at,
        stretches.starts_at,
        stretches.ends_at,
        stretches.state,
        case
            when stretches.state <> 'aux' then null
            else stretches.aux_code
        end as aux_code,
        -- No event ends it: the session closes itself, unless one comes first
        stretches.closes_itself
    from stretches
    where stretches.starts_at < stretches.ends_at
)

select * from final
