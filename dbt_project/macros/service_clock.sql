{#
    Seconds between two instants on the clock of a service: all of them, or for a service with
    opening hours only those within them, holidays excluded. Never negative.

    `service` is the alias of a row of int_service.
#}
{% macro service_seconds(service, earlier, later) -%}
    case
        when not {{ service }}.has_opening_hours then {{ seconds_between(earlier, later) }}
        else (
            select
                coalesce(
                    sum(
                        extract(
                            epoch from least({{ later }}, open_period.closes_at)
                            - greatest({{ earlier }}, open_period.opens_at)
                        )
                    ),
                    0
                )
            from (
                select
                    (days.day + hours.opens) at time zone {{ service }}.timezone as opens_at,
                    (
                        days.day + hours.closes
                        + case when hours.closes <= hours.opens then interval '1 day'
                            else interval '0' end
                    ) at time zone {{ service }}.timezone as closes_at
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
            where least({{ later }}, open_period.closes_at)
                > greatest({{ earlier }}, open_period.opens_at)
        )
    end
{%- endmacro %}
