{# How far the report looks ahead, and back. #}
{%- set days_ahead = 7 -%}
{%- set days_back = 31 -%}
{{ roster_dates('services.today - ' ~ days_back, 'services.today + ' ~ days_ahead) }}
