{# The only clock of every model: one row, set before a run. No model reads the wall clock. #}
{% macro clock() -%}
    {{ source('ops', 'clock') }}
{%- endmacro %}

{% macro as_of() -%}
    (select clock.as_of from {{ source('ops', 'clock') }} as clock)
{%- endmacro %}

{# The clock of the last run that ended well. #}
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
