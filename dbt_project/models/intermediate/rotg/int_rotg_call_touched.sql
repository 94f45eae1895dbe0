-- depends_on: {{ ref('int_shift_agent_touched') }}
-- One row per agent and service whose calls must be judged anew, and from where: a call that breaks
-- any row, so that no row lies across it.
{%- set kept = last_left('int_rotg_call') %}
{{ config(materialized='table', incremental_strategy=none) }}

with

known as (
    select * from {{ ref('int_outside_id_known') }}
),

calls as (
    select * from {{ ref('int_call') }}
    where answered_at is not null and external_agent_id is not null
),

rules as (
    select * from {{ ref('int_rotg_rule') }}
    where rule_code = 'short_calls_in_row'
),

exceptions as (
    select * from {{ ref('stg_canonical__exception') }}
),

changes as (
    -- Where a version of an arrived call stands or stood
    select known.agent_id, version.service_code, version.answered_at as changed_at
    from {{ ref('int_call_arrival') }} as version
    inner join known on known.external_id = version.external_agent_id
    where version.answered_at is not null
    union all
    -- The clock may have passed an answer or an end
    select known.agent_id, calls.service_code, calls.answered_at
    from calls
    inner join known on known.external_id = calls.external_agent_id
    where calls.settles_at > {{ previous_as_of() }}
    union all
    -- An outside id may stand for another agent
    select known.agent_id, calls.service_code, calls.answered_at
    from {{ ref('int_outside_id_changed') }} as changed
    inner join known on known.external_id = changed.external_id
    inner join calls on calls.external_agent_id = changed.external_id
    union all
    -- An exception arrived: where a version of it lies or lay, whoever it was for
    select version.agent_id, service.service_code, version.start_at
    from exceptions as arrived
    inner join exceptions as version on version.exception_id = arrived.exception_id
    cross join {{ ref('int_service') }} as service
    where {{ arrived('arrived') }}
    union all
    -- The threshold of the service changed
    select known.agent_id, rules.service_code, '-infinity'
    from rules
    cross join known
    where {{ arrived('rules') }}
    {% if kept %}
    union all
    -- The roster of the agent changed: a row may lie in another shift
    select kept.agent_id, kept.service_code, kept.started_at
    from {{ ref('int_shift_agent_touched') }} as touched
    inner join {{ kept }} as kept
        on kept.agent_id = touched.agent_id and kept.started_at >= touched.changed_from
    {% endif %}
),

first_changes as (
    select changes.agent_id, changes.service_code, min(changes.changed_at) as changed_at
    from changes
    group by changes.agent_id, changes.service_code
),

final as (
    select
        first_changes.agent_id,
        first_changes.service_code,
        coalesce(max(breaking.answered_at), '-infinity') as from_at
    from first_changes
    inner join rules on rules.service_code = first_changes.service_code
    left join {{ ref('int_outside_id') }} as outside on outside.agent_id = first_changes.agent_id
    left join {{ ref('int_exception') }} as excused on excused.agent_id = first_changes.agent_id
    left join lateral (
        select call.answered_at
        from {{ ref('int_answered_call') }} as call
        where call.external_agent_id = outside.external_id
            and call.service_code = first_changes.service_code
            and call.answered_at < first_changes.changed_at
            and call.talk_s >= rules.limit_s
            and not coalesce(call.answered_at <@ excused.excepted, false)
        order by call.answered_at desc
        limit 1
    ) as breaking on true
    group by first_changes.agent_id, first_changes.service_code
)

select * from final
