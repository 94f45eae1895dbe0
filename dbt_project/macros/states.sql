{#
    The states of an agent that reach into a stretch of time, for a lateral join. States of one agent
    do not overlap, so at most one began before the stretch: the search starts there, by index.
    `by_itself` keeps it a search; joined freely, all states of the agent would be read for each row.
#}
{% macro states_between(agent_id, from_at, to_at) -%}
    (
        select state.*
        from (
            select coalesce(max(earlier.starts_at), {{ from_at }}) as starts_at
            from {{ ref('int_agent_state') }} as earlier
            where earlier.agent_id = {{ agent_id }} and earlier.starts_at <= {{ from_at }}
        ) as first_state
        cross join lateral (
            select reaching.*
            from {{ ref('int_agent_state') }} as reaching
            where reaching.agent_id = {{ agent_id }}
                and reaching.starts_at >= first_state.starts_at
                and reaching.starts_at < {{ to_at }}
                and reaching.ends_at > {{ from_at }}
            {{ by_itself() }}
        ) as state
    )
{%- endmacro %}
