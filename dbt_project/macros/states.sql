{#
    What of an agent reaches into a stretch of time, for a lateral join: states, or whole sessions.
    Those of one agent do not overlap, so at most one began before the stretch: the search starts
    there, by index. `by_itself` keeps it a search; joined freely, all that the agent ever did would
    be read for each row.
#}
{% macro states_between(agent_id, from_at, to_at) -%}
    {{ reaching_between('int_agent_state', 'starts_at', agent_id, from_at, to_at) }}
{%- endmacro %}

{% macro sessions_between(agent_id, from_at, to_at) -%}
    {{ reaching_between('int_agent_session', 'session_started_at', agent_id, from_at, to_at) }}
{%- endmacro %}

{% macro reaching_between(relation, starts_at, agent_id, from_at, to_at) -%}
    (
        select reached.*
        from (
            select coalesce(max(earlier.{{ starts_at }}), {{ from_at }}) as search_from
            from {{ ref(relation) }} as earlier
            where earlier.agent_id = {{ agent_id }} and earlier.{{ starts_at }} <= {{ from_at }}
        ) as known
        cross join lateral (
            select reaching.*
            from {{ ref(relation) }} as reaching
            where reaching.agent_id = {{ agent_id }}
                and reaching.{{ starts_at }} >= known.search_from
                and reaching.{{ starts_at }} < {{ to_at }}
                and reaching.ends_at > {{ from_at }}
            {{ by_itself() }}
        ) as reached
    )
{%- endmacro %}
