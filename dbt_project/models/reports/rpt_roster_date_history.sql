{# What was due before the first cycle cannot be proved; its date may be another one elsewhere. #}
{%- set began = "(select min(cycle.as_of)::date - 1 from " ~ source('ops', 'cycle') ~ " cycle)" -%}
{{ roster_dates(began, 'services.today') }}
