with

services as (
    select
        breach.breach_id,
        breach.service_code,
        breach.channel,
        breach.kpi,
        breach.scope,
        breach.started_at,
        breach.detected_at,
        breach.cleared_at,
        breach.comparator,
        breach.target,
        breach.observed,
        breach.numerator,
        breach.denominator,
        breach.at_risk,
        breach.severity,
        coalesce(breach.severity_since, breach.detected_at) as severity_since,
        breach.cleared_because,
        breach.roster_date,
        null as agent_id,
        null as shift_code,
        null as matter,
        null as subject
    from {{ source('ops', 'breach') }} as breach
),

agents as (
    select
        breach.breach_id,
        breach.service_code,
        'roster' as channel,
        breach.kpi,
        'agent' as scope,
        breach.started_at,
        breach.detected_at,
        breach.cleared_at,
        breach.comparator,
        breach.target,
        breach.observed,
        breach.observed as numerator,
        1 as denominator,
        0 as at_risk,
        breach.severity,
        breach.detected_at as severity_since,
        breach.cleared_because,
        breach.roster_date,
        breach.agent_id,
        nullif(breach.shift_code, '') as shift_code,
        breach.matter,
        nullif(breach.subject, '') as subject
    from {{ source('ops', 'agent_breach') }} as breach
),

breaches as (
    select * from services
    union all
    select * from agents
)

select
    breaches.breach_id,
    breaches.service_code,
    breaches.channel,
    breaches.kpi,
    breaches.scope,
    breaches.started_at,
    breaches.detected_at,
    breaches.cleared_at,
    breaches.comparator,
    breaches.target::double precision as target,
    breaches.observed::double precision as observed,
    breaches.numerator::double precision as numerator,
    breaches.denominator::double precision as denominator,
    breaches.at_risk::bigint as at_risk,
    breaches.severity,
    breaches.severity_since,
    breaches.cleared_because,
    breaches.roster_date,
    -- Of scope agent
    breaches.agent_id,
    breaches.shift_code,
    breaches.matter,
    breaches.subject,
    -- Clock
    {{ built_as_of() }} as as_of,
    breaches.cleared_at is null as is_provisional
from breaches
