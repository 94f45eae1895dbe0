-- One row per service, weekday and opening period, read from opening hours such as
-- `Mo-Fr 08:00-17:00; Sa 08:00-12:00`. A later rule replaces earlier ones for its days.
{{ config(materialized='view') }}

with

services as (
    select * from {{ ref('int_service') }}
),

weekdays as (
    select weekday.code, weekday.iso_weekday::int as iso_weekday
    from unnest(array['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'])
        with ordinality as weekday (code, iso_weekday)
),

rules as (
    select
        services.service_code,
        rule.position,
        coalesce(substring(trim(rule.body) from '^([A-Z][A-Za-z,-]*)\s'), 'Mo-Su') as days,
        regexp_replace(trim(rule.body), '^[A-Z][A-Za-z,-]*\s+', '') as times
    from services
    cross join
        regexp_split_to_table(
            regexp_replace(services.opening_hours, '\s*([-,;])\s*', '\1', 'g'), ';'
        )
        with ordinality as rule (body, position)
    where services.has_opening_hours and trim(rule.body) <> ''
),

rule_days as (
    select distinct
        rules.service_code,
        rules.position,
        rules.times,
        weekdays.iso_weekday
    from rules
    cross join regexp_split_to_table(rules.days, ',') as span (body)
    inner join weekdays as first_day on first_day.code = split_part(span.body, '-', 1)
    inner join weekdays as last_day
        on last_day.code = coalesce(nullif(split_part(span.body, '-', 2), ''), first_day.code)
    -- Fr-Mo goes round the end of the week
    inner join weekdays
        on (weekdays.iso_weekday - first_day.iso_weekday + 7) % 7
        <= (last_day.iso_weekday - first_day.iso_weekday + 7) % 7
),

holding as (
    select distinct on (rule_days.service_code, rule_days.iso_weekday) rule_days.*
    from rule_days
    order by rule_days.service_code, rule_days.iso_weekday, rule_days.position desc
),

final as (
    select
        holding.service_code,
        holding.iso_weekday,
        case when period.body = '24/7' then interval '0'
            else split_part(period.body, '-', 1)::interval
        end as opens,
        case when period.body = '24/7' then interval '24 hours'
            else split_part(period.body, '-', 2)::interval
        end as closes
    from holding
    cross join regexp_split_to_table(holding.times, '\s*,\s*') as period (body)
    where holding.times <> 'off'
)

select * from final
