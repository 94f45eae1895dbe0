{# Ends a lateral query that is to run for each row by itself, by index: what it costs then depends on
   the rows alone. Joined freely, a planner that expects too many reads the whole table instead. #}
{% macro by_itself() -%}
    offset 0
{%- endmacro %}

{# The same for what a run has touched, in a computed table. A rebuild touches everything: there, all
   of the table is read at once. So it is without the clock of a run: is_rebuild() would look it up in
   the database, and a unit test has none there. #}
{% macro touched_by_itself() -%}
    {%- set known = var('clock', none) -%}
    {%- if known and known['load_from'] != 0 %}{{ by_itself() }}{% endif -%}
{%- endmacro %}

{# What int_agent_touched, called `touched`, touches of a table by agent and time, from its restart_at
   on or `after` it; a lateral query. A rebuild touches everything of everybody: without the bounds,
   which the planner would take for a small part. #}
{% macro touched_rows(relation, placed_at, after=false) -%}
    {%- set known = var('clock', none) -%}
    (
        select known.*
        from {{ ref(relation) }} as known
        where known.agent_id = touched.agent_id
        {%- if not known or known['load_from'] != 0 %}
            and known.{{ placed_at }} {{ '>' if after else '>=' }} touched.restart_at
            and known.{{ placed_at }} <= touched.ends_at
        {%- endif %}
        {{ touched_by_itself() }}
    )
{%- endmacro %}
