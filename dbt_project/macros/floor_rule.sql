{# The rule of floor discipline that an item of the checklist is in order. The prefix keeps it apart
   from the rules that data tell, whatever a site calls its items. #}
{% macro floor_rule(item_code) -%}
    'floor:' || {{ item_code }}
{%- endmacro %}
