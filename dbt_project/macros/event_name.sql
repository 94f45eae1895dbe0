{# How an agent event is called: by its source and id, without an id by the hash of its fields. #}
{% macro event_name(event) -%}
    case
        when {{ event }}.event_id is null then {{ event }}.event_key::text
        else concat_ws('/', {{ event }}.source, {{ event }}.event_id)
    end
{%- endmacro %}
