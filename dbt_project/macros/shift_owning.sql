{# The shift whose window holds a moment, for a lateral join; windows of one agent do not overlap. #}
{% macro shift_owning(agent_id, moment) -%}
    (
        select shift.*
        from {{ ref('int_shift') }} as shift
        where shift.agent_id = {{ agent_id }}
            and shift.window_start_at <= {{ moment }}
            and shift.window_end_at > {{ moment }}
        order by shift.planned_start_at
        limit 1
    )
{%- endmacro %}
