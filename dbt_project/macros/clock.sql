{# The only clock of every model: one row, set before a run. No model reads the wall clock. #}
{% macro clock() -%}
    {{ source('ops', 'clock') }}
{%- endmacro %}

{% macro as_of() -%}
    (select clock.as_of from {{ source('ops', 'clock') }} as clock)
{%- endmacro %}

{# Up to when the marts are computed: the clock of the last run that ended well. While a run is under
   way, what it has not built yet still stands at that clock. #}
{% macro built_as_of() -%}
    (select clock.built_as_of from {{ source('ops', 'clock') }} as clock)
{%- endmacro %}

{# What the run under way has been computed up to so far; a rebuild has seen nothing. #}
{% macro previous_as_of() -%}
    (select clock.previous_as_of from {{ source('ops', 'clock') }} as clock)
{%- endmacro %}

{# True for rows that no run which ended well has seen yet. A rebuild has seen nothing. #}
{% macro arrived(alias, column='_load_id') -%}
    {{ alias }}.{{ column }} > (select clock.load_from from {{ source('ops', 'clock') }} as clock)
    and {{ alias }}.{{ column }} <= (
        select clock.load_to from {{ source('ops', 'clock') }} as clock
    )
{%- endmacro %}
