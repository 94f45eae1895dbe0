{# A number from a cell that need not hold one, as in what a vendor leaves free; else null. #}
{% macro number_if_any(cell) -%}
    case when {{ cell }} ~ '^[0-9]{1,9}([.][0-9]+)?$' then {{ cell }}::numeric end
{%- endmacro %}
