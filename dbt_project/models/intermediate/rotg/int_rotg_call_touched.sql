-- depends_on: {{ ref('int_shift_agent_touched') }}
-- One row per agent, service and rule whose rows of calls must be judged anew, and from where: a
-- call that breaks any row, so that no row lies across it.
{%- set kept = last_left('int_rotg_call') %}
with

known as (
    select * from {{ ref('int_outside_id_known') }}
),

calls as not materialized (
    select * from {{ ref('int_call') }}
    where answered_at is not null and external_agent_id is not null
),

rings as not materialized (
    select * from {{ ref('int_ring') }}
),

rules as (
    select * from {{ ref('int_rotg_rule') }}
    where rule_code in ('short_calls_in_row', 'ringing_unanswered')
),

exceptions as (
    select * from {{ ref('stg_canonical__exception') }}
),

-- Without a rule: all of them
changes as (
    -- Where a version of an arrived call stands or stood
    select
        known.agent_id,
        version.service_code,
        null as rule_code,
        version.answered_at as changed_at
    from {{ ref('int_call_arrival') }} as version
    inner join known on known.external_id = version.external_agent_id
    where version.answered_at is not null
    union all
    -- The clock may have passed an answer or an end
    select known.agent_id, calls.service_code, null, calls.answered_at
    from calls
    inner join known on known.external_id = calls.external_agent_id
    where calls.settles_at > {{ previous_as_of() }}
    union all
    -- An outside id may stand for another agent
    select known.agent_id, calls.service_code, null, calls.answered_at
    from {{ ref('int_outside_id_changed') }} as changed
    inner join known on known.external_id = changed.external_id
    inner join calls on calls.external_agent_id = changed.external_id
    union all
    -- The same of rings
    select known.agent_id, version.service_code, 'ringing_unanswered', version.rang_at
    from {{ ref('int_ring_arrival') }} as version
    inner join known on known.external_id = version.external_agent_id
    union all
    select known.agent_id, rings.service_code, 'ringing_unanswered', rings.rang_at
    from rings
    inner join known on known.external_id = rings.external_agent_id
    where rings.settles_at > {{ previous_as_of() }}
    union all
    select known.agent_id, rings.service_code, 'ringing_unanswered', rings.rang_at
    from {{ ref('int_outside_id_changed') }} as changed
    inner join known on known.external_id = changed.external_id
    inner join rings on rings.external_agent_id = changed.external_id
    union all
    -- An exception arrived: where a version of it lies or lay, whoever it was for
    select version.agent_id, service.service_code, null, version.start_at
    from exceptions as arrived
    inner join exceptions as version on version.exception_id = arrived.exception_id
    cross join {{ ref('int_service') }} as service
    where {{ arrived('arrived') }}
    union all
    -- The threshold of the service changed
    select known.agent_id, rules.service_code, rules.rule_code, '-infinity'
    from rules
    cross join known
    where {{ arrived('rules') }}
    {% if kept %}
    union all
    -- The roster of the agent changed: a row may lie in another shift
    select kept.agent_id, kept.service_code, kept.rule_code, kept.started_at
    from {{ ref('int_shift_agent_touched') }} as touched
    inner join {{ kept }} as kept
        on kept.agent_id = touched.agent_id and kept.started_at >= touched.changed_from
    {% endif %}
),

first_changes as (
    select
        changes.agent_id,
        changes.service_code,
        changes.rule_code,
        min(changes.changed_at) as changed_at
    from changes
    group by changes.agent_id, changes.service_code, changes.rule_code
),

by_rule as (
    select
        first_changes.agent_id,
        first_changes.service_code,
        rules.rule_code,
        rules.limit_s,
        min(first_changes.changed_at) as changed_at
    from first_changes
    inner join rules
        on rules.service_code = first_changes.service_code
        and rules.rule_code = coalesce(first_changes.rule_code, rules.rule_code)
    -- Calls break rows of rings; most sites deliver none
    where first_changes.rule_code is not null
        or rules.rule_code <> 'ringing_unanswered'
        or exists (
            select from known
            inner join rings on rings.external_agent_id = known.external_id
            where known.agent_id = first_changes.agent_id
                and rings.service_code = first_changes.service_code
        )
    group by
        first_changes.agent_id,
        first_changes.service_code,
        rules.rule_code,
        rules.limit_s
),

-- An answer breaks any row but one of short calls, and that if it was not short
final as (
    select
        by_rule.agent_id,
        by_rule.service_code,
        by_rule.rule_code,
        coalesce(max(greatest(call.answered_at, ring.rang_at)), '-infinity') as from_at
    from by_rule
    left join {{ ref('int_outside_id') }} as outside on outside.agent_id = by_rule.agent_id
    left join {{ ref('int_exception') }} as excused on excused.agent_id = by_rule.agent_id
    left join lateral (
        select answered.answered_at
        from {{ ref('int_answered_call') }} as answered
        where answered.external_agent_id = outside.external_id
            and answered.service_code = by_rule.service_code
            and {{ is_named('outside', 'answered') }}
            and answered.answered_at < by_rule.changed_at
            and (
                by_rule.rule_code <> 'short_calls_in_row'
                or answered.talk_s >= by_rule.limit_s
            )
            and not coalesce(answered.answered_at <@ excused.excepted, false)
        order by answered.answered_at desc
        limit 1
    ) as call on true
    left join lateral (
        select answered.rang_at
        from rings as answered
        where by_rule.rule_code = 'ringing_unanswered'
            and answered.external_agent_id = outside.external_id
            and answered.service_code = by_rule.service_code
            and answered.rang_at < by_rule.changed_at
            and answered.was_answered
            and {{ is_named('outside', 'answered') }}
            and not coalesce(answered.rang_at <@ excused.excepted, false)
        order by answered.rang_at desc
        limit 1
    ) as ring on true
    group by by_rule.agent_id, by_rule.service_code, by_rule.rule_code
)

select * from final
