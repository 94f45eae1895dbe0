{# How a queue_log tells time, and what it says of a call. #}

{# Seconds since 1970, or a date and time that without an offset is local to `zone`, if it is known. #}
{% macro log_instant(cell, zone) -%}
    case
        when {{ cell }} ~ '^[0-9]+([.][0-9]+)?$'
            then 'epoch'::timestamptz + make_interval(secs => {{ cell }}::double precision)
        else
            {{ instant(cell, home_zone(zone)) }}
    end
{%- endmacro %}

{# Seconds of talk that the last line of a conversation with an agent tells. #}
{% macro log_talk_s(line) -%}
    case
        when {{ line }}.event in ('COMPLETEAGENT', 'COMPLETECALLER')
            then {{ number_if_any(line ~ '.data2') }}
        when {{ line }}.event in ('TRANSFER', 'BLINDTRANSFER')
            then {{ number_if_any(line ~ '.data4') }}
        -- LINK names a second channel, so what follows stands one field later
        when {{ line }}.event = 'ATTENDEDTRANSFER' and {{ line }}.data1 = 'LINK'
            then {{ number_if_any("split_part(" ~ line ~ ".data5, '|', 1)") }}
        when {{ line }}.event = 'ATTENDEDTRANSFER'
            then {{ number_if_any(line ~ '.data4') }}
    end
{%- endmacro %}

{# How long the caller had waited, by the line that ended the waiting. #}
{% macro log_waited_s(line) -%}
    case {{ line }}.event
        when 'CONNECT' then {{ number_if_any(line ~ '.data1') }}
        when 'ABANDON' then {{ number_if_any(line ~ '.data3') }}
        when 'EXITWITHTIMEOUT' then {{ number_if_any(line ~ '.data3') }}
        when 'EXITEMPTY' then {{ number_if_any(line ~ '.data3') }}
        when 'EXITWITHKEY' then {{ number_if_any(line ~ '.data4') }}
    end
{%- endmacro %}
