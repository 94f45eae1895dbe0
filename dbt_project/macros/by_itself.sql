{# Ends a lateral query that is to run for each row by itself, by index: what it costs then depends on
   the rows alone. Joined freely, a planner that expects too many reads the whole table instead. #}
{% macro by_itself() -%}
    offset 0
{%- endmacro %}
