-- One row per indicator of SOP 7: what it belongs to, and the time within which a thing is on time.
-- The times are this product's own until the company sets its own.
{{ config(materialized='view') }}

select
    indicator.indicator,
    indicator.sop_code,
    indicator.aspect,
    indicator.sla_s::double precision as sla_s
from (
    values
    ('breach_detection_speed', '7.1', 'speed', 300),
    ('plan_creation_speed', '7.2', 'speed', 60),
    ('plan_submission_speed', '7.2', 'speed', 1800),
    ('plan_verification_speed', '7.2', 'speed', 3600),
    ('plan_completion_speed', '7.2', 'speed', 14400),
    ('plan_verified_at_once', '7.2', 'accuracy', null),
    ('plan_effectiveness', '7.2', 'accuracy', null),
    -- One cycle
    ('attendance_known', '7.3', 'accuracy', 60),
    ('login_check_consistency', '7.4', 'consistency', null),
    ('discipline_check_consistency', '7.5', 'consistency', null),
    -- What only people see
    ('floor_check_consistency', '7.5', 'consistency', null)
) as indicator (indicator, sop_code, aspect, sla_s)
