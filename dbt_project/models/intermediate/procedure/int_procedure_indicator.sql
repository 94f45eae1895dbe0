-- One row per indicator of SOP 7: what it belongs to, the time within which a thing is on time, and
-- for the steps of recovery plans, which are on time by the rules of the feed plan_rule, the step.
-- The times are this product's own until the company sets its own.
{{ config(materialized='view') }}

select
    indicator.indicator,
    indicator.formula_version,
    indicator.sop_code,
    indicator.aspect,
    indicator.sla_s::double precision as sla_s,
    indicator.step
from (
    values
    ('breach_detection_speed', 1, '7.1', 'speed', 300, null),
    ('plan_creation_speed', 1, '7.2', 'speed', 60, null),
    ('plan_submission_speed', 2, '7.2', 'speed', null, 'submit'),
    ('plan_verification_speed', 2, '7.2', 'speed', null, 'verify'),
    ('plan_completion_speed', 2, '7.2', 'speed', null, 'finish'),
    ('plan_verified_at_once', 1, '7.2', 'accuracy', null, null),
    ('plan_effectiveness', 1, '7.2', 'accuracy', null, null),
    -- One cycle
    ('attendance_known', 1, '7.3', 'accuracy', 60, null),
    ('login_check_consistency', 1, '7.4', 'consistency', null, null),
    ('discipline_check_consistency', 1, '7.5', 'consistency', null, null),
    -- What only people see
    ('floor_check_consistency', 1, '7.5', 'consistency', null, null)
) as indicator (indicator, formula_version, sop_code, aspect, sla_s, step)
