{#
    The only clock of every model: one row, set before a run. No model reads the wall clock.

    A run gives the values with its invocation, so that PostgreSQL plans for what it can see: it would
    expect a third of all rows to lie beyond a moment that it must look up first, and read the whole
    table for the few that do. Views, which stand for longer than a run, look them up.
#}
{% macro clock() -%}
    {{ source('ops', 'clock') }}
{%- endmacro %}

{% macro clock_value(column, type) -%}
    {%- set known = var('clock', none) -%}
    {%- if known -%}
        '{{ known[column] }}'::{{ type }}
    {%- else -%}
        (select clock.{{ column }}::{{ type }} from {{ source('ops', 'clock') }} as clock)
    {%- endif -%}
{%- endmacro %}

{% macro as_of() -%}
    {{ clock_value('as_of', 'timestamptz') }}
{%- endmacro %}

{# Up to when the marts are computed: the clock of the last run that ended well. While a run is under
   way, what it has not built yet still stands at that clock. #}
{% macro built_as_of() -%}
    (select clock.built_as_of from {{ source('ops', 'clock') }} as clock)
{%- endmacro %}

{# What the run under way has been computed up to so far; a rebuild has seen nothing. #}
{% macro previous_as_of() -%}
    {{ clock_value('previous_as_of', 'timestamptz') }}
{%- endmacro %}

{# True for rows that no run which ended well has seen yet. A rebuild has seen nothing. #}
{% macro arrived(alias, column='_load_id') -%}
    {{ alias }}.{{ column }} > {{ clock_value('load_from', 'bigint') }}
    and {{ alias }}.{{ column }} <= {{ clock_value('load_to', 'bigint') }}
{%- endmacro %}

{# Whether this run computes everything anew. #}
{% macro is_rebuild() -%}
    {%- set known = var('clock', none) -%}
    {%- if known -%}
        {%- do return(known['load_from'] == 0) -%}
    {%- elif execute -%}
        {%- do return(
            run_query('select load_from = 0 from ' ~ source('ops', 'clock')).rows[0][0]
        ) -%}
    {%- endif -%}
{%- endmacro %}
