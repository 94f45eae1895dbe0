{# What is asked of the people of a service, and of no channel of its contacts. #}
{% macro kpis_of_people() -%}
    ('attendance', 'staffing', 'login_compliance', 'aux', 'adherence')
{%- endmacro %}

{# What of a service must have come in for the KPI of a row: see rpt_behind. #}
{% macro told_by(row) -%}
    case when {{ row }}.kpi in {{ kpis_of_people() }} then 'agents' else {{ row }}.channel end
{%- endmacro %}

{# The KPIs of an interval of calls: rows of kpi, version of its formula, numerator, denominator. #}
{% macro voice_kpis(calls) -%}
    values
    ('scr', 1, {{ calls }}.scr_numerator, {{ calls }}.scr_denominator),
    ('abandon_rate', 1, {{ calls }}.abandon_numerator, {{ calls }}.scr_denominator),
    (
        'service_level',
        {{ calls }}.service_level_version,
        {{ calls }}.service_level_numerator,
        {{ calls }}.service_level_denominator
    ),
    ('asa', 1, {{ calls }}.wait_s_sum, {{ calls }}.answered),
    ('aht', 1, {{ calls }}.handle_s_sum, {{ calls }}.handled)
{%- endmacro %}

{# Of an interval of conversations, in the same way; what waits as it stood at the interval's end. #}
{% macro nonvoice_kpis(chats) -%}
    values
    (
        'response_time',
        1,
        {{ chats }}.responded_in_target,
        -- Without a threshold there is no rate
        case
            when {{ chats }}.threshold_s is not null
                then {{ chats }}.responded + {{ chats }}.overdue_unanswered
            else 0
        end
    ),
    ('waiting_list', 1, {{ chats }}.waiting_list, 1),
    ('oldest_waiting', 1, coalesce({{ chats }}.oldest_waiting_s, 0), 1)
{%- endmacro %}

{# Seconds within which a call is to be answered where no target says another number of them. #}
{% macro usual_threshold_s() -%}
    20
{%- endmacro %}

{# The threshold of a target. That of a service level may be left empty. #}
{% macro threshold_of(target) -%}
    coalesce(
        {{ target }}.threshold_s,
        case {{ target }}.kpi when 'service_level' then {{ usual_threshold_s() }} end
    )
{%- endmacro %}

{# What a row's numerator and denominator make: a rate in percent, a mean or a level as it is. #}
{% macro kpi_value(row) -%}
    (
        case
            when {{ row }}.kpi in ('aht', 'asa', 'waiting_list', 'oldest_waiting') then 1.0
            else 100.0
        end * {{ row }}.numerator / nullif({{ row }}.denominator, 0)
    )::double precision
{%- endmacro %}
