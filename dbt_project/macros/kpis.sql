{# What is asked of the people of a service, and of no channel of its contacts. #}
{% macro kpis_of_people() -%}
    ('attendance', 'staffing', 'login_compliance', 'aux', 'adherence')
{%- endmacro %}

{# What of a service must have come in for the KPI of a row: see rpt_behind. #}
{% macro told_by(row) -%}
    case when {{ row }}.kpi in {{ kpis_of_people() }} then 'agents' else {{ row }}.channel end
{%- endmacro %}
