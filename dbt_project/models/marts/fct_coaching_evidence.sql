select
    evidence.coaching_id,
    evidence.breach_id,
    breach.agent_id,
    breach.service_code,
    breach.roster_date,
    nullif(breach.shift_code, '') as shift_code,
    -- Matter
    breach.matter,
    nullif(breach.subject, '') as subject,
    rule.rule_name,
    rule.rule_name_indonesian,
    breach.started_at,
    breach.comparator,
    breach.target::double precision as target,
    breach.observed::double precision as observed,
    coalesce(rule.unit, 's') as unit,
    breach.severity,
    breach.cleared_because,
    -- Use
    evidence.attached_at,
    evidence.released_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    breach.cleared_at is null as is_provisional
from {{ source('ops', 'coaching_evidence') }} as evidence
inner join {{ source('ops', 'agent_breach') }} as breach on breach.breach_id = evidence.breach_id
left join {{ ref('int_rotg_rule_named') }} as rule
    on breach.matter = 'rotg' and rule.rule_code = breach.subject
