{# How an observed value stands to its target, as boards tell it; null without a target. `told` is the
   alias of a row with comparator, target and critical. #}
{% macro verdict(told, observed, is_behind='false') -%}
    case
        when {{ told }}.target is null then null
        when {{ is_behind }} then 'behind'
        when {{ observed }} is null then 'none'
        when not {{ is_beyond(told, observed) }} then 'met'
        when {{ told }}.comparator = '>=' and {{ observed }} < {{ told }}.critical then 'critical'
        when {{ told }}.comparator = '<=' and {{ observed }} > {{ told }}.critical then 'critical'
        else 'missed'
    end
{%- endmacro %}
