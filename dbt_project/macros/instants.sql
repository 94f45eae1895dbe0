{# An instant from a delivered cell; without an offset it is local to `zone`. #}
{% macro instant(cell, zone) -%}
    case
        when right({{ cell }}, 1) = 'Z'
            or left(right({{ cell }}, 6), 1) in ('+', '-')
            or left(right({{ cell }}, 5), 1) in ('+', '-')
            or left(right({{ cell }}, 3), 1) in ('+', '-')
            then {{ cell }}::timestamptz
        else {{ cell }}::timestamp at time zone {{ zone }}
    end
{%- endmacro %}

{# The zone of a person whose service is not known (yet). #}
{% macro home_zone(zone) -%}
    coalesce({{ zone }}, 'Asia/Jakarta')
{%- endmacro %}

{# A number from a delivered cell; a single comma is a decimal comma. #}
{% macro number(cell) -%}
    replace({{ cell }}, ',', '.')::numeric
{%- endmacro %}

{% macro truth(cell) -%}
    lower({{ cell }}) in ('true', '1', 'yes', 'ya')
{%- endmacro %}

{# Midnight of the local day that holds the instant. #}
{% macro local_midnight(instant, zone) -%}
    date_trunc('day', {{ instant }} at time zone {{ zone }}) at time zone {{ zone }}
{%- endmacro %}

{% macro interval_length() -%}
    make_interval(mins => {{ clock_value('interval_min', 'int') }})
{%- endmacro %}

{# Start of the KPI interval that holds the instant: whole intervals since the local midnight. #}
{% macro interval_start(instant, zone) -%}
    date_bin({{ interval_length() }}, {{ instant }}, {{ local_midnight(instant, zone) }})
{%- endmacro %}

{# Start of the interval whose agents tell the staffing at an instant: the one that holds it, but the
   last whole one while less than a minute of it has passed. Nobody has been there for no time. #}
{% macro staffed_interval(instant, zone) -%}
    {{ interval_start('(' ~ instant ~ " - interval '1 minute')", zone) }}
{%- endmacro %}

{# Seconds between two instants; never negative, null if either is unknown. #}
{% macro seconds_between(earlier, later) -%}
    case
        when {{ later }} < {{ earlier }} then 0
        else extract(epoch from {{ later }} - {{ earlier }})
    end
{%- endmacro %}

{# The time between two instants, as a range; null where there is none. #}
{% macro range_between(earlier, later) -%}
    case when {{ earlier }} < {{ later }} then tstzrange({{ earlier }}, {{ later }}) end
{%- endmacro %}

{# Seconds that a multirange of instants covers. #}
{% macro seconds_in(multirange) -%}
    (
        select coalesce(sum(extract(epoch from upper(piece) - lower(piece))), 0)
        from unnest({{ multirange }}) as piece
    )
{%- endmacro %}

{# A rate in percent; null without a denominator, never 0 or 100. #}
{% macro percent(numerator, denominator) -%}
    (100.0 * {{ numerator }} / nullif({{ denominator }}, 0))::double precision
{%- endmacro %}

{# An instant as text that names a row: the same in every session. #}
{% macro told_instant(instant) -%}
    to_char({{ instant }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
{%- endmacro %}
