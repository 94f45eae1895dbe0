{#- Enough for a late file to be noticed, and seldom enough to cost nothing -#}
{%- set again_after = "interval '10 minutes'" -%}
{%- set most = 20 -%}
with

-- Those whose plan nobody has begun to carry out, the longest uncounted first
breaches as (
    select breach.*
    from {{ source('ops', 'breach') }} as breach
    inner join {{ source('ops', 'recovery_plan') }} as plan on plan.breach_id = breach.breach_id
    where plan.status in ('draft', 'submitted', 'returned', 'verified')
        and breach.roster_date is null
        and coalesce(breach.recounted_at, breach.detected_at)
        <= {{ built_as_of() }} - {{ again_after }}
    order by coalesce(breach.recounted_at, breach.detected_at), breach.breach_id
    limit {{ most }}
),

span as (
    select
        breaches.breach_id as span_id,
        breaches.service_code,
        breaches.at_risk_s,
        breaches.started_at as since,
        breaches.detected_at as until
    from breaches
),

decided as (
    {{ decided_contacts('span') }}
),

-- A short window counted what was at risk, by the limit of that time, among what was missed
contacts as (
    select
        breaches.breach_id,
        watched.unit,
        case
            when decided.decided_at > breaches.started_at
                and decided.decided_at <= breaches.detected_at
                then decided.value
            when breaches.at_risk_s is not null and decided.at_risk @> breaches.detected_at
                then case breaches.comparator when '>=' then 0 else 1 end
        end as value
    from breaches
    -- Without a target there is nothing to hold it against
    inner join {{ ref('int_watched_kpi') }} as watched
        on watched.service_code = breaches.service_code
        and watched.channel = breaches.channel
        and watched.kpi = breaches.kpi
        and watched.test in ('rate', 'mean')
    left join decided
        on decided.span_id = breaches.breach_id
        and decided.channel = breaches.channel
        and decided.kpi = breaches.kpi
),

counted as (
    select
        contacts.breach_id,
        coalesce(sum(contacts.value), 0) as recounted_numerator,
        count(contacts.value) as recounted_denominator,
        avg(contacts.value) * max(contacts.unit) as recounted
    from contacts
    group by contacts.breach_id
)

select
    breaches.breach_id,
    breaches.service_code,
    breaches.channel,
    breaches.kpi,
    breaches.comparator,
    breaches.target::double precision as target,
    -- At detection
    breaches.observed::double precision as observed,
    breaches.numerator::double precision as numerator,
    breaches.denominator::double precision as denominator,
    -- As it is known now
    counted.recounted::double precision as recounted,
    counted.recounted_numerator::double precision as recounted_numerator,
    counted.recounted_denominator::double precision as recounted_denominator,
    coalesce(
        case breaches.comparator
            when '>=' then counted.recounted >= breaches.target
            else counted.recounted <= breaches.target
        end,
        true
    ) as is_met,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from breaches
inner join counted on counted.breach_id = breaches.breach_id
