-- One row per touched working shift and unbroken stretch in an AUX code, within a session and the
-- window of the shift; an exception cuts a stretch and takes its own time away. The stretches of a
-- code use its allowance up in order of time.
{{ config(indexes=[{'columns': ['agent_id', 'roster_date']}]) }}

with

spent as (
    select
        presence.agent_id,
        presence.service_code,
        presence.roster_date,
        presence.shift_code,
        presence.settles_at,
        state.aux_code,
        range_agg(
            tstzrange(
                greatest(state.starts_at, presence.window_start_at),
                least(state.ends_at, presence.window_end_at, {{ as_of() }})
            )
        ) - presence.excepted as stretches
    from {{ ref('int_shift_presence') }} as presence
    cross join lateral {{ states_between(
        'presence.agent_id',
        'presence.window_start_at',
        'least(presence.window_end_at, ' ~ as_of() ~ ')'
    ) }} as state
    where presence.window_start_at < {{ as_of() }} and state.state = 'aux'
    group by
        presence.agent_id,
        presence.service_code,
        presence.roster_date,
        presence.shift_code,
        presence.settles_at,
        presence.excepted,
        state.session_started_at,
        state.aux_code
),

stretches as (
    select
        spent.agent_id,
        spent.service_code,
        spent.roster_date,
        spent.shift_code,
        spent.settles_at,
        spent.aux_code,
        piece.stretch,
        extract(epoch from upper(piece.stretch) - lower(piece.stretch)) as stretch_s
    from spent
    cross join unnest(spent.stretches) as piece (stretch)
),

measured as (
    select
        stretches.*,
        coalesce(aux_code.is_productive, false) as is_productive,
        greatest(
            coalesce(aux_code.allowance_s, 0)
            + stretches.stretch_s
            - sum(stretches.stretch_s) over (
                partition by
                    stretches.agent_id,
                    stretches.service_code,
                    stretches.roster_date,
                    stretches.shift_code,
                    stretches.aux_code
                order by stretches.stretch
            ),
            0
        ) as allowance_left_s
    from stretches
    left join {{ ref('stg_canonical__aux_code') }} as aux_code
        on aux_code.aux_code = stretches.aux_code
),

final as (
    select
        measured.*,
        case
            when measured.allowance_left_s < measured.stretch_s
                then tstzrange(
                    lower(measured.stretch)
                    + make_interval(secs => measured.allowance_left_s::double precision),
                    upper(measured.stretch)
                )
        end as excess
    from measured
)

select * from final
