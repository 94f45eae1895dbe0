{# Under which id an event's source knows the agent's place. A PBX may know one phone by several
   names (SIP/8007, Agent/8007); those of one agent are one place. #}
{% macro station_id(event) -%}
    case
        when {{ event }}.feed = 'asterisk_queue_log' then {{ event }}.agent_id
        else {{ event }}.external_id
    end
{%- endmacro %}
