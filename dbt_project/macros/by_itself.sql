{# Ends a lateral query that is to run for each row by itself, by index: what it costs then depends on
   the rows alone. Joined freely, a planner that expects too many reads the whole table instead. #}
{% macro by_itself() -%}
    offset 0
{%- endmacro %}

{# The same for what a run has touched, in a computed table. A rebuild touches everything: there, all
   of the table is read at once. #}
{% macro touched_by_itself() -%}
    {%- if not is_rebuild() %}{{ by_itself() }}{% endif -%}
{%- endmacro %}
