{# A number from a cell that need not hold one, as in what a vendor leaves free; else null. #}
{% macro number_if_any(cell) -%}
    case when {{ cell }} ~ '^[0-9]{1,9}([.][0-9]+)?$' then {{ cell }}::numeric end
{%- endmacro %}

{# An instant from a text that need not hold one; else null. Without an offset it is UTC. #}
{% macro instant_if_any(cell) -%}
    case
        when {{ cell }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[-+][0-9:]+)?$'
            and pg_input_is_valid({{ cell }}, 'timestamptz')
            then {{ cell }}::timestamptz
    end
{%- endmacro %}

{# An instant from a text that may hold unix seconds or milliseconds, or a date and time that may end
   in UTC; else null. #}
{% macro moment_if_any(cell) -%}
    case
        when {{ cell }} ~ '^[0-9]{9,10}([.][0-9]{1,9})?$'
            then to_timestamp({{ cell }}::double precision)
        when {{ cell }} ~ '^[0-9]{12,13}$' then to_timestamp({{ cell }}::double precision / 1000)
        when
            {{ cell }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ ?(UTC|Z|[-+][0-9:]+)?$'
            and pg_input_is_valid({{ cell }}, 'timestamptz')
            then {{ cell }}::timestamptz
    end
{%- endmacro %}

{# The elements of a list in a JSON document; none where there is no list. #}
{% macro elements(list) -%}
    jsonb_array_elements(
        case when jsonb_typeof({{ list }}) = 'array' then {{ list }} else '[]'::jsonb end
    )
{%- endmacro %}
