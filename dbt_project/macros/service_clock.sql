{#
    Seconds between two instants on the clock of a service: all of them, or for a service with
    opening hours only those within them, holidays excluded. Never negative.

    `service` is the alias of a row of int_service.
#}
{% macro service_seconds(service, earlier, later) -%}
    case
        when not {{ service }}.has_opening_hours then {{ seconds_between(earlier, later) }}
        else {{ seconds_in(service_open(service, earlier, later)) }}
    end
{%- endmacro %}

{#
    When a service is open between two instants, holidays excluded, as a multirange; periods that
    overlap count once.
#}
{% macro service_open(service, earlier, later) -%}
    (
        select
            range_agg(open_period.open)
            * tstzmultirange(tstzrange({{ earlier }}, greatest({{ earlier }}, {{ later }})))
        from (
            select
                tstzrange(
                    (days.day + hours.opens) at time zone {{ service }}.timezone,
                    (
                        days.day + hours.closes
                        + case when hours.closes <= hours.opens then interval '1 day'
                            else interval '0' end
                    ) at time zone {{ service }}.timezone
                ) as open
            from generate_series(
                date_trunc('day', {{ earlier }} at time zone {{ service }}.timezone)
                - interval '1 day',
                {{ later }} at time zone {{ service }}.timezone,
                interval '1 day'
            ) as days (day)
            inner join {{ ref('int_service_hours') }} as hours
                on hours.service_code = {{ service }}.service_code
                and hours.iso_weekday = extract(isodow from days.day)
            where not exists (
                select from {{ ref('stg_canonical__holiday') }} as holiday
                where holiday.holiday_date = days.day::date
                    and coalesce(holiday.service_code, {{ service }}.service_code)
                    = {{ service }}.service_code
            )
        ) as open_period
    )
{%- endmacro %}

{#
    The moment at which `seconds` have gone by since `earlier` on the clock of a service. Null if it
    does not come within two weeks of it.
#}
{% macro service_moment(service, earlier, seconds) -%}
    case
        when not {{ service }}.has_opening_hours
            then {{ earlier }} + {{ seconds }} * interval '1 second'
        else (
            select
                lower(piece.open)
                + ({{ seconds }} - (piece.open_s_so_far - piece.open_s)) * interval '1 second'
            from (
                select
                    open_piece.open,
                    extract(epoch from upper(open_piece.open) - lower(open_piece.open)) as open_s,
                    sum(extract(epoch from upper(open_piece.open) - lower(open_piece.open))) over (
                        order by open_piece.open
                    ) as open_s_so_far
                from unnest({{ service_open(service, earlier, '(' ~ earlier ~ " + interval '14 days')") }})
                    as open_piece (open)
            ) as piece
            where piece.open_s_so_far >= {{ seconds }}
            order by piece.open
            limit 1
        )
    end
{%- endmacro %}
