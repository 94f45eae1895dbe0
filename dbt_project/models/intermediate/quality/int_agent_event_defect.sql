-- One row per agent event, or session without a logout, and kind of defect. Sessions and what is
-- open at a moment are those of int_agent_state. A session that still runs, and an AUX code that is
-- not known yet, are candidates: their reader asks the clock and the reference.
{{
    config(
        meta={
            'touched': 'int_agent_touched',
            'by': ['agent_id'],
            'after': {'restart_at': 'placed_at'},
            'to': {'ends_at': 'placed_at'},
        },
        indexes=[{'columns': ['agent_id', 'placed_at']}],
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
        event.event_key
    from {{ ref('int_agent_touched') }} as touched
    cross join lateral {{ touched_rows('int_agent_event', 'occurred_at', after=true) }} as event
    where event.occurred_at <= {{ as_of() }}
),

-- Read twice, which costs less than to keep it
states as not materialized (
    select state.*
    from {{ ref('int_agent_touched') }} as touched
    cross join lateral {{ touched_rows('int_agent_state', 'starts_at') }} as state
),

aux_codes as (
    select * from {{ ref('stg_canonical__aux_code') }}
),

moments as (
    select
        events.*,
        count(*) filter (where events.event = 'login') over moment as logins,
        count(*) filter (where events.event = 'logout') over moment as logouts,
        count(*) filter (where events.event = 'state') over moment as states,
        min(concat_ws(' ', events.state, events.aux_code)) filter (where events.event = 'state')
            over moment
        <> max(concat_ws(' ', events.state, events.aux_code)) filter (where events.event = 'state')
            over moment as has_other_state
    from events
    window moment as (partition by events.agent_id, events.occurred_at)
),

-- A session is open before a moment if one of its stretches lasts until then: a session that closes
-- itself does so before the next event
noted as (
    select
        moments.*,
        before.agent_id is not null as is_open_before,
        moments.state = 'aux' and moments.event = 'state' and aux_codes.aux_code is null
            as has_unknown_code
    from moments
    left join aux_codes on aux_codes.aux_code = moments.aux_code
    left join states as before
        on before.agent_id = moments.agent_id and before.ends_at = moments.occurred_at
    where moments.event <> 'state'
        or moments.has_other_state
        or (moments.logins = 0 and before.agent_id is null)
        or (moments.state = 'aux' and aux_codes.aux_code is null)
),

-- Of several states the one with the highest event id holds, of several logins the first one counts
ranked as (
    select
        noted.*,
        row_number() over holding as holding_rank,
        row_number() over (
            partition by noted.agent_id, noted.occurred_at, noted.event
            order by noted.event_id collate "C", noted.event_key
        ) as delivery_rank,
        first_value(concat_ws(' ', noted.state, noted.aux_code)) over holding as holding_state
    from noted
    window holding as (
        partition by noted.agent_id, noted.occurred_at, noted.event
        order by
            noted.event_id collate "C" desc nulls last,
            noted.state,
            noted.aux_code,
            noted.event_key
    )
),

judged as (
    select
        ranked.*,
        defect.kind,
        defect.detail
    from ranked
    cross join
        lateral (
            values
            (
                'implicit_login',
                ranked.event = 'state'
                and ranked.holding_rank = 1
                and ranked.logins = 0
                and not ranked.is_open_before,
                'a state without a login before it opened the session'
            ),
            (
                'repeated_login',
                ranked.event = 'login'
                and (
                    ranked.delivery_rank > 1
                    or (ranked.is_open_before and ranked.logouts = 0)
                ),
                'a login while a session was open; it changed nothing'
            ),
            (
                'stray_logout',
                ranked.event = 'logout'
                and not ranked.is_open_before
                and ranked.logins = 0
                and ranked.states = 0,
                'a logout without a session; it was ignored'
            ),
            (
                'overlapping_state',
                ranked.event = 'state'
                and concat_ws(' ', ranked.state, ranked.aux_code) <> ranked.holding_state,
                format(
                    '%s gave way to %s of the same moment',
                    concat_ws(' ', ranked.state, ranked.aux_code),
                    ranked.holding_state
                )
            ),
            (
                'unknown_aux_code',
                ranked.has_unknown_code,
                case ranked.aux_code
                    when '' then 'AUX without a code'
                    else format('AUX code %s is not in the reference', ranked.aux_code)
                end
            )
        ) as defect (kind, applies, detail)
    where defect.applies
),

final as (
    select
        judged.agent_id,
        judged.occurred_at as placed_at,
        judged.kind,
        judged.occurred_at,
        {{ event_name('event') }} as row_key,
        judged.detail,
        case when judged.kind = 'unknown_aux_code' then judged.aux_code end as aux_code,
        event.delivered_file,
        event.delivered_row
    from judged
    cross join
        lateral (
            select known.*
            from {{ ref('int_agent_event') }} as known
            where known.event_key = judged.event_key
            {{ touched_by_itself() }}
        ) as event
    union all
    -- The last stretch of a session that no logout ended
    select
        states.agent_id,
        states.ends_at as placed_at,
        'auto_closed' as kind,
        states.ends_at as occurred_at,
        concat_ws(
            '/',
            states.agent_id,
            {{ told_instant('states.session_started_at') }}
        ),
        {{ told_seconds(
            'no logout; the session closed itself %s s after its last event',
            'states.starts_at',
            'states.ends_at'
        ) }},
        null,
        null,
        null
    from states
    where states.closes_itself
)

select * from final
