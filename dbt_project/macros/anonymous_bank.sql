{# How the research file tells time; both expect the aliases of stg_anonymous_bank__call. #}

{# Seconds after midnight; 24:00:00 and later is the next day. #}
{% macro bank_instant(clock_cell) -%}
    (to_date('19' || bank.date, 'YYYYMMDD') + bank.{{ clock_cell }}::interval) at time zone
    coalesce(service.timezone, default_service.timezone)
{%- endmacro %}

{# The clock of a step that may not have happened (0:00:00): then the end of the step before. #}
{% macro bank_reached(clock_cell) -%}
    case
        when bank.{{ clock_cell }} <> '0:00:00' then {{ bank_instant(clock_cell) }}
        when bank.q_start <> '0:00:00' then {{ bank_instant('q_exit') }}
        else {{ bank_instant('vru_exit') }}
    end
{%- endmacro %}
