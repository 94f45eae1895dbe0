-- depends_on: {{ ref('int_shift_touched') }}
-- One row per agent, rostered working shift and AUX code in which the agent spent time.
{{
    config(
        meta={
            'touched': 'int_shift_touched',
            'by': ['agent_id', 'service_code', 'roster_date', 'shift_code'],
        },
        indexes=[
            {
                'columns': ['agent_id', 'service_code', 'roster_date', 'shift_code', 'aux_code'],
                'unique': true,
            },
            {'columns': ['service_code', 'roster_date']},
        ],
    )
}}

with

-- Unbroken stretches within a session; an exception cuts them and takes its own time away
spent as (
    select
        presence.agent_id,
        presence.service_code,
        presence.roster_date,
        presence.shift_code,
        presence.window_end_at,
        presence.runs_until,
        state.aux_code,
        range_agg(
            tstzrange(
                greatest(state.starts_at, presence.window_start_at),
                least(state.ends_at, presence.window_end_at, {{ as_of() }})
            )
        ) - presence.excepted as stretches
    from {{ ref('int_shift_presence') }} as presence
    inner join {{ ref('int_agent_state') }} as state
        on state.agent_id = presence.agent_id
        and state.starts_at < least(presence.window_end_at, {{ as_of() }})
        and state.ends_at > presence.window_start_at
        and state.state = 'aux'
    where presence.window_start_at < {{ as_of() }}
    group by
        presence.agent_id,
        presence.service_code,
        presence.roster_date,
        presence.shift_code,
        presence.window_end_at,
        presence.runs_until,
        presence.excepted,
        state.session_started_at,
        state.aux_code
),

pieces as (
    select
        spent.*,
        extract(epoch from upper(piece.stretch) - lower(piece.stretch)) as piece_s
    from spent
    cross join unnest(spent.stretches) as piece (stretch)
),

final as (
    select
        pieces.agent_id,
        pieces.service_code,
        pieces.roster_date,
        pieces.shift_code,
        pieces.aux_code,
        sum(pieces.piece_s) as aux_s,
        count(*) as occurrences,
        max(pieces.piece_s) as longest_s,
        greatest(max(pieces.window_end_at), max(pieces.runs_until)) > {{ as_of() }}
            as is_provisional
    from pieces
    group by
        pieces.agent_id,
        pieces.service_code,
        pieces.roster_date,
        pieces.shift_code,
        pieces.aux_code
)

select * from final
