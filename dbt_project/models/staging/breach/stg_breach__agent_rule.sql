-- One row per matter that an agent may not have kept to, as this version of the product knows it. A
-- site moves a value by the feed breach_rule; a rule that comes to mean something else gets a new
-- version.
--
-- `over_min` is how many minutes beyond its limit a matter must lie to be told. A rule of floor
-- discipline has its own threshold (stg_rotg__rule) and its own severity; one that is named here by
-- its `subject` goes before that for all.
with

final (
    matter,
    subject,
    rule_version,
    kpi,
    over_min,
    severity,
    is_active
) as (
    values
    ('no_show', '', 'agent/1', 'attendance', 0, 'critical', true),
    ('late_login', '', 'agent/1', 'login_compliance', 0, 'warning', true),
    ('early_logout', '', 'agent/1', 'login_compliance', 0, 'warning', true),
    ('login_gap', '', 'agent/1', 'login_compliance', 0, 'warning', true),
    -- A minute over the allowance is nobody's matter
    ('aux_allowance', '', 'agent/1', 'aux', 5, 'warning', true),
    ('rotg', '', 'agent/1', 'rotg', 0, 'warning', true),
    -- Whoever has to define the code is told by an incident
    ('rotg', 'aux_unmapped', 'agent/1', 'rotg', 0, 'warning', false)
)

select
    final.matter,
    final.subject,
    final.rule_version,
    final.kpi,
    final.over_min::numeric as over_min,
    final.severity,
    final.is_active
from final
