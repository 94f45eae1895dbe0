{# Seconds of the agents' segments of a type; null while one of them has no end. #}
{% macro genesys_seconds(segment_type) -%}
    case
        when bool_and(segment.ends_at is not null) filter (
            where segment.is_agent and segment.segment_type = {{ segment_type }}
        )
            then sum({{ seconds_between('segment.starts_at', 'segment.ends_at') }}) filter (
                where segment.is_agent and segment.segment_type = {{ segment_type }}
            )
    end
{%- endmacro %}
