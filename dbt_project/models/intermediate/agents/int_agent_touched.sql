-- One row per agent whose sessions must be computed anew, and from where to where: from the start
-- of the session in which the first change lies to the first logout after the last change. Nobody
-- is logged in after a logout, whatever came before, so what follows it stands.
{%- set states = last_left('int_agent_state') %}
with

events as not materialized (
    select * from {{ ref('int_agent_event') }}
),

changes as (
    -- Events that arrived, at their place and at the one they left
    select replaced.agent_id, replaced.occurred_at as changed_at
    from {{ ref('int_agent_event_replaced') }} as replaced
    union all
    select replaced.was_agent_id, replaced.was_occurred_at
    from {{ ref('int_agent_event_replaced') }} as replaced
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
    select touched.agent_id, touched.changed_to
    from {{ ref('int_shift_agent_touched') }} as touched
    union all
    -- The team decides to which service unrostered time belongs
    select agents.agent_id, moment.changed_at
    from {{ ref('int_agent') }} as agents
    cross join (values ('-infinity'::timestamptz), ('infinity')) as moment (changed_at)
    where {{ arrived('agents') }}
),

spans as (
    select
        changes.agent_id,
        min(changes.changed_at) as first_at,
        max(changes.changed_at) as last_at
    from changes
    where changes.agent_id is not null
    group by changes.agent_id
),

final as (
    select
        spans.agent_id,
        {% if states %}
        coalesce(session.session_started_at, '-infinity') as restart_at,
        {% else %}
        '-infinity'::timestamptz as restart_at,
        {% endif %}
        coalesce(settled.occurred_at, 'infinity') as ends_at
    from spans
    left join lateral (
        select logout.occurred_at
        from events as logout
        where logout.agent_id = spans.agent_id
            and logout.occurred_at > spans.last_at
            and logout.occurred_at <= {{ as_of() }}
            and logout.event = 'logout'
            and not exists (
                select from events as other
                where other.agent_id = logout.agent_id
                    and other.occurred_at = logout.occurred_at
                    and other.event = 'login'
            )
        order by logout.occurred_at
        limit 1
    ) as settled on true
    {% if states %}
    left join lateral (
        select states.session_started_at
        from {{ states }} as states
        where states.agent_id = spans.agent_id
            and states.session_started_at < spans.first_at
            and states.is_clean_start
        order by states.session_started_at desc
        limit 1
    ) as session on true
    {% endif %}
)

select * from final
