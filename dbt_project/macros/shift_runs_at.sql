{# Whether a rostered working shift runs at a moment. #}
{% macro shift_runs_at(shift, moment, timezone) -%}
    -- The day before for a shift over midnight
    {{ shift }}.roster_date
    between ({{ moment }} at time zone {{ timezone }})::date - 1
    and ({{ moment }} at time zone {{ timezone }})::date
    and {{ shift }}.kind = 'work'
    and {{ shift }}.planned_start_at <= {{ moment }}
    and {{ shift }}.planned_end_at > {{ moment }}
{%- endmacro %}
