{# What was due before the first cycle cannot be proved; its date may be another one elsewhere. #}
{%- set begun = "(select min(cycle.as_of)::date - 1 from " ~ source('ops', 'cycle') ~ " as cycle)" -%}
{{ roster_dates(begun, 'services.today') }}
