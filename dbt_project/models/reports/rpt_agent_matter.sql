{#- What every part tells of a matter -#}
{%- set columns = [
    'agent_id', 'service_code', 'roster_date', 'shift_code', 'matter', 'subject', 'started_at',
    'comparator', 'threshold', 'observed', 'severity', 'is_provisional'
] -%}
with

-- Not computed once for all: who asks for one service and date has only those looked up
shifts as not materialized (
    select
        shift.*,
        service.no_show_after_s,
        service.login_tolerance_s,
        service.logout_tolerance_s
    from {{ ref('int_shift_attendance') }} as shift
    inner join {{ ref('int_service') }} as service on service.service_code = shift.service_code
    where shift.kind = 'work'
),

conformity as (
    select
        shifts.agent_id,
        shifts.service_code,
        shifts.roster_date,
        shifts.shift_code,
        told.matter,
        '' as subject,
        told.started_at,
        '<=' as comparator,
        told.threshold,
        told.observed,
        null as severity,
        shifts.is_provisional
    from shifts
    cross join
        lateral (
            values
            (
                'no_show',
                shifts.status in ('no_show', 'absent'),
                shifts.planned_start_at,
                shifts.no_show_after_s,
                shifts.expected_s
            ),
            (
                'late_login',
                shifts.status = 'late',
                shifts.planned_start_at,
                shifts.login_tolerance_s,
                shifts.login_late_s
            ),
            (
                'early_logout',
                shifts.logout_early_s > shifts.logout_tolerance_s,
                shifts.planned_end_at - shifts.logout_early_s * interval '1 second',
                shifts.logout_tolerance_s,
                shifts.logout_early_s
            ),
            (
                'login_gap',
                shifts.gap_s > shifts.logout_tolerance_s,
                shifts.gap_started_at,
                shifts.logout_tolerance_s,
                shifts.gap_s
            )
        ) as told (matter, is_so, started_at, threshold, observed)
    where told.is_so
),

-- A code without a definition is a matter of those who define codes
aux as (
    select
        spent.agent_id,
        spent.service_code,
        spent.roster_date,
        spent.shift_code,
        'aux_allowance' as matter,
        spent.aux_code as subject,
        spent.excess_started_at as started_at,
        '<=' as comparator,
        aux_code.allowance_s as threshold,
        spent.aux_s as observed,
        null as severity,
        spent.is_provisional
    from {{ ref('int_shift_aux') }} as spent
    inner join shifts
        on shifts.agent_id = spent.agent_id
        and shifts.service_code = spent.service_code
        and shifts.roster_date = spent.roster_date
        and shifts.shift_code = spent.shift_code
    inner join {{ ref('stg_canonical__aux_code') }} as aux_code
        on aux_code.aux_code = spent.aux_code
    where spent.aux_s > aux_code.allowance_s
),

-- Once for each rule and shift, by its worst
rotg as (
    select
        violation.agent_id,
        violation.service_code,
        violation.roster_date,
        coalesce(violation.shift_code, '') as shift_code,
        'rotg' as matter,
        violation.rule_code as subject,
        min(violation.started_at) as started_at,
        -- A violation is beyond its threshold: the other way round, it is kept to
        case min(violation.comparator) when '>' then '<=' else '<' end as comparator,
        max(violation.threshold)::numeric as threshold,
        max(violation.measured)::numeric as observed,
        min(violation.severity) as severity,
        bool_or(violation.is_provisional) as is_provisional
    from {{ ref('fct_rotg_violation') }} as violation
    group by
        violation.agent_id,
        violation.service_code,
        violation.roster_date,
        coalesce(violation.shift_code, ''),
        violation.rule_code
),

matters as (
    {%- for part in ['conformity', 'aux', 'rotg'] %}
    select {{ columns | join(', ') }}
    from {{ part }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    matters.agent_id,
    matters.service_code,
    matters.roster_date,
    matters.shift_code,
    -- Matter
    matters.matter,
    matters.subject,
    rule.kpi,
    rule.rule_version,
    matters.started_at,
    matters.comparator,
    matters.threshold::double precision as target,
    matters.observed::double precision as observed,
    coalesce(stated.severity, matters.severity, rule.severity) as severity,
    -- Clock
    {{ built_as_of() }} as as_of,
    matters.is_provisional
from matters
inner join {{ ref('stg_breach__agent_rule') }} as rule
    on rule.matter = matters.matter and rule.subject = ''
left join {{ ref('stg_breach__agent_rule') }} as special
    on special.matter = matters.matter and special.subject = matters.subject
left join {{ ref('stg_canonical__breach_rule') }} as stated
    on stated.service_code = matters.service_code and stated.kpi = matters.matter
where coalesce(stated.is_active, rule.is_active)
    and coalesce(special.is_active, true)
    and (
        matters.matter = 'rotg'
        or matters.observed
        > matters.threshold + 60 * coalesce(stated.missed_for_min, rule.over_min)
    )
