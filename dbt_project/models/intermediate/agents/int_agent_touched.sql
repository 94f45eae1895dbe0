-- One row per agent whose sessions must be computed anew, and from where: the start of the session
-- in which the first change lies.
{%- set states = last_left('int_agent_state') %}
{{ config(materialized='table', incremental_strategy=none) }}

with

events as (
    select * from {{ ref('int_agent_event') }}
),

changes as (
    -- Events that arrived, at their place and at the one they left
    select events.agent_id, events.occurred_at as changed_at
    from events
    where {{ arrived('events') }}
    union all
    select events.was_agent_id, events.was_occurred_at
    from events
    where {{ arrived('events') }}
    union all
    -- Events that were delivered before their time, which has come
    select events.agent_id, events.occurred_at
    from events
    where events.is_early
        and events.occurred_at > {{ previous_as_of() }}
        and events.occurred_at <= {{ as_of() }}
    union all
    -- A shift decides when a forgotten session closes itself
    select touched.agent_id, touched.changed_from
    from {{ ref('int_shift_agent_touched') }} as touched
    union all
    -- The team decides to which service unrostered time belongs
    select agents.agent_id, '-infinity'::timestamptz
    from {{ ref('int_agent') }} as agents
    where {{ arrived('agents') }}
),

first_changes as (
    select changes.agent_id, min(changes.changed_at) as changed_at
    from changes
    where changes.agent_id is not null
    group by changes.agent_id
),

final as (
    select
        first_changes.agent_id,
        {% if states %}
        coalesce(session.session_started_at, '-infinity') as restart_at
        {% else %}
        '-infinity'::timestamptz as restart_at
        {% endif %}
    from first_changes
    {% if states %}
    left join lateral (
        select states.session_started_at
        from {{ states }} as states
        where states.agent_id = first_changes.agent_id
            and states.session_started_at < first_changes.changed_at
            and states.is_clean_start
        order by states.session_started_at desc
        limit 1
    ) as session on true
    {% endif %}
)

select * from final
