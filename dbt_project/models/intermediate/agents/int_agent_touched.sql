-- One row per agent whose states must be computed anew, and from where to where: from the start of
-- the state that held before the first change, with what held then, to the first logout after the
-- last change. Nobody is logged in after a logout, whatever came before, so what follows it stands.
-- `session_from` is the start of the session of that state: when it closes can change.
{%- set states = last_left('int_agent_state') %}
{%- if states and is_rebuild() %}
    {%- set states = none %}
{%- endif %}
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
        coalesce(held.starts_at, '-infinity') as restart_at,
        coalesce(held.session_started_at, '-infinity') as session_from,
        held.state,
        held.aux_code,
        {% else %}
        '-infinity'::timestamptz as restart_at,
        '-infinity'::timestamptz as session_from,
        null::text as state,
        null::text as aux_code,
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
        select states.starts_at, states.session_started_at, states.state, states.aux_code
        from {{ states }} as states
        where states.agent_id = spans.agent_id and states.starts_at < spans.first_at
        order by states.starts_at desc
        limit 1
    ) as held on true
    {% endif %}
)

select * from final
