{# What a row of int_call tells of time, in seconds. #}

{# Waiting begins in the queue; an unknown wait is null. #}
{% macro call_wait_s(call) -%}
    case
        when {{ call }}.queued_at is null then 0
        when {{ call }}.outcome = 'answered'
            then {{ seconds_between(call ~ '.queued_at', call ~ '.answered_at') }}
        else {{ seconds_between(call ~ '.queued_at', call ~ '.left_at') }}
    end
{%- endmacro %}

{# Talk, hold and after-call work; talk that is not told is what lies between answer and end. #}
{% macro call_handle_s(call) -%}
    greatest(
        coalesce(
            {{ call }}.talk_s,
            {{ seconds_between(call ~ '.answered_at', call ~ '.ended_at') }}
            - greatest({{ call }}.hold_s, 0)
        ),
        0
    )
    + greatest({{ call }}.hold_s, 0)
    + greatest({{ call }}.acw_s, 0)
{%- endmacro %}
