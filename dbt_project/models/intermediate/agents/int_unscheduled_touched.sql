-- One row per agent whose time outside all shifts must be computed anew, and from which local date
-- to which.
{%- set states = last_left('int_unscheduled') %}
with

changes as (
    select touched.agent_id, touched.session_from as from_at, touched.ends_at
    from {{ ref('int_agent_touched') }} as touched
    union all
    -- Still logged in when the last run looked: time has gone on
    select session.agent_id, {{ previous_as_of() }}, 'infinity'
    from {{ ref('int_agent_session') }} as session
    where session.ends_at > {{ previous_as_of() }}
    {% if states %}
    union all
    select unscheduled.agent_id, unscheduled.first_login_at, 'infinity'
    from {{ states }} as unscheduled
    where unscheduled.settles_at > {{ previous_as_of() }}
    {% endif %}
),

final as (
    select
        changes.agent_id,
        agent.service_code,
        agent.timezone,
        (min(changes.from_at) at time zone agent.timezone)::date as from_date,
        (max(changes.ends_at) at time zone agent.timezone)::date as to_date,
        {{ local_midnight('min(changes.from_at)', 'agent.timezone') }} as from_at,
        ((max(changes.ends_at) at time zone agent.timezone)::date + 1)::timestamp
        at time zone agent.timezone as to_at
    from changes
    inner join {{ ref('int_agent') }} as agent on agent.agent_id = changes.agent_id
    group by changes.agent_id, agent.service_code, agent.timezone
)

select * from final
