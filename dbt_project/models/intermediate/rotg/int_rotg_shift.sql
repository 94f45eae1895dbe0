-- One row per violation of a rule that is judged shift by shift: AUX and after-call work, and
-- leaving with work waiting.
{{
    config(
        meta={
            'touched': 'int_rotg_shift_touched',
            'by': ['agent_id', 'service_code', 'roster_date', 'shift_code'],
        },
        indexes=[
            {'columns': ['agent_id', 'service_code', 'roster_date', 'shift_code']},
            {'columns': ['service_code', 'roster_date']},
        ],
    )
}}

with

shifts as (
    select
        shift.agent_id,
        shift.service_code,
        shift.roster_date,
        shift.shift_code,
        shift.window_start_at,
        least(shift.window_end_at, {{ as_of() }}) as runs_to,
        facts.is_over,
        facts.last_logout_at,
        facts.settles_at,
        shift.planned_end_at
        + make_interval(secs => services.logout_tolerance_s::double precision) as leaves_freely_at,
        coalesce(exceptions.excepted, '{}'::tstzmultirange) as excepted
    from {{ ref('int_rotg_shift_touched') }}
    inner join {{ ref('int_shift') }} as shift
        using (agent_id, service_code, roster_date, shift_code)
    inner join {{ ref('int_shift_attendance') }} as facts
        using (agent_id, service_code, roster_date, shift_code)
    inner join {{ ref('int_service') }} as services
        on services.service_code = shift.service_code
    left join {{ ref('int_exception') }} as exceptions on exceptions.agent_id = shift.agent_id
    where shift.window_start_at < {{ as_of() }}
),

-- AUX and after-call work, unbroken within a session; an exception takes its own time away
spent as (
    select
        shifts.agent_id,
        shifts.service_code,
        shifts.roster_date,
        shifts.shift_code,
        shifts.settles_at,
        state.state,
        state.aux_code,
        range_agg(
            tstzrange(
                greatest(state.starts_at, shifts.window_start_at),
                least(state.ends_at, shifts.runs_to)
            )
        ) - shifts.excepted as stretches
    from shifts
    cross join lateral {{ states_between(
        'shifts.agent_id', 'shifts.window_start_at', 'shifts.runs_to'
    ) }} as state
    where state.state in ('aux', 'acw')
    group by
        shifts.agent_id,
        shifts.service_code,
        shifts.roster_date,
        shifts.shift_code,
        shifts.settles_at,
        shifts.excepted,
        state.session_started_at,
        state.state,
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
        case
            when spent.state = 'acw' then 'acw_over_limit'
            when aux_code.aux_code is null then 'aux_unmapped'
            else 'aux_over_occurrence'
        end as rule_code,
        lower(piece.stretch) as started_at,
        upper(piece.stretch) as ended_at,
        extract(epoch from upper(piece.stretch) - lower(piece.stretch)) as measured,
        -- What the threshold of the rule comes on top of; an AUX code without a limit has none
        case when aux_code.aux_code is null then 0 else aux_code.max_occurrence_s end as allowed
    from spent
    left join {{ ref('stg_canonical__aux_code') }} as aux_code
        on aux_code.aux_code = spent.aux_code
    cross join unnest(spent.stretches) as piece (stretch)
),

-- By a logout, at a moment that no exception covers; a session that closed itself does not say when
leavers as (
    select shifts.*
    from shifts
    where shifts.is_over
        and shifts.last_logout_at <= shifts.leaves_freely_at
        and not shifts.last_logout_at <@ shifts.excepted
        and exists (
            select from {{ ref('int_agent_session') }} as session
            where session.agent_id = shifts.agent_id
                and session.ends_at = shifts.last_logout_at
                and session.closes_itself_at is null
        )
),

departures as (
    select
        leavers.agent_id,
        leavers.service_code,
        leavers.roster_date,
        leavers.shift_code,
        leavers.settles_at,
        leavers.last_logout_at,
        count(*) as measured,
        jsonb_agg(conversation.conversation_id order by conversation.conversation_id)
            as conversation_ids
    from leavers
    inner join {{ ref('int_outside_id') }} as outside on outside.agent_id = leavers.agent_id
    inner join {{ ref('int_conversation') }} as conversation
        on conversation.external_agent_id = outside.external_id
        and {{ is_named('outside', 'conversation') }}
        and greatest(conversation.received_at, conversation.assigned_at)
        <= leavers.last_logout_at
        and conversation.waits_until > leavers.last_logout_at
    group by
        leavers.agent_id,
        leavers.service_code,
        leavers.roster_date,
        leavers.shift_code,
        leavers.settles_at,
        leavers.last_logout_at
),

measured as (
    select
        stretches.agent_id,
        stretches.service_code,
        stretches.roster_date,
        stretches.shift_code,
        stretches.settles_at,
        stretches.rule_code,
        stretches.started_at,
        stretches.ended_at,
        stretches.measured,
        stretches.allowed,
        stretches.aux_code,
        null::jsonb as conversation_ids
    from stretches
    union all
    select
        departures.agent_id,
        departures.service_code,
        departures.roster_date,
        departures.shift_code,
        departures.settles_at,
        'left_with_waiting',
        departures.last_logout_at as started_at,
        departures.last_logout_at as ended_at,
        departures.measured,
        0,
        null,
        departures.conversation_ids
    from departures
),

violations as (
    select
        measured.*,
        rules.rule_version,
        measured.allowed + rules.threshold as threshold,
        rules.comparator
    from measured
    inner join {{ ref('int_rotg_rule') }} as rules
        on rules.service_code = measured.service_code
        and rules.rule_code = measured.rule_code
        and rules.is_active
),

final as (
    select
        violations.agent_id,
        violations.service_code,
        violations.roster_date,
        violations.shift_code,
        violations.rule_code,
        violations.rule_version,
        violations.started_at,
        violations.ended_at,
        violations.measured,
        violations.threshold,
        jsonb_strip_nulls(
            jsonb_build_object(
                'aux_code', violations.aux_code,
                'conversation_ids', violations.conversation_ids,
                'event_ids', cause.event_ids
            )
        ) as evidence,
        violations.settles_at
    from violations
    -- The event that put the agent into the state, or ended the last session
    left join lateral (
        select
            jsonb_agg(
                coalesce(event.event_id, event.event_key::text)
                order by coalesce(event.event_id, event.event_key::text)
            ) as event_ids
        from {{ ref('int_agent_event') }} as event
        where event.agent_id = violations.agent_id
            and event.event
            = case when violations.rule_code = 'left_with_waiting' then 'logout' else 'state' end
            and event.occurred_at = (
                select max(earlier.occurred_at)
                from {{ ref('int_agent_event') }} as earlier
                where earlier.agent_id = violations.agent_id
                    and earlier.event = event.event
                    and earlier.occurred_at <= violations.started_at
            )
    ) as cause on true
    where violations.measured > violations.threshold
        or (violations.comparator = '>=' and violations.measured = violations.threshold)
)

select * from final
