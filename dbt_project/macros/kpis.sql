{# What is asked of the people of a service, and of no channel of its contacts. #}
{% macro kpis_of_people() -%}
    ('attendance', 'staffing', 'login_compliance', 'aux', 'adherence')
{%- endmacro %}
