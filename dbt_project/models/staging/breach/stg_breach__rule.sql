-- One row per KPI whose miss can open a breach, as this version of the product knows it. A site
-- moves a value by the feed breach_rule; a rule that comes to mean something else gets a new
-- version.
--
-- `test` says what is compared with the target: the share of contacts (rate), the mean of their
-- seconds (mean), what stands there now (level), or who is there of those who should be (staff).
-- `sure_z` and `fast_z` are how many standard errors a rate or a mean must lie beyond its target:
-- over the window of the target, and over the short window or its latest minutes alone. Those two
-- count a contact as missed before it is: a call that has waited for `at_risk_s`, or must do so at
-- the pace of the last answers; a conversation that has `at_risk_s` left until its answer is due.
-- How the values were chosen:
-- docs/decisions/breach-rules.md.
with

final (
    kpi,
    rule_version,
    test,
    latest_min,
    short_min,
    long_min,
    sure_z,
    fast_z,
    at_risk_s,
    missed_for_min,
    clear_min,
    clear_margin,
    clear_for_min,
    is_active
) as (
    values
    ('scr', 'breach/3', 'rate', 3, 5, 60, 3.0, 5.0, 90, 0, 15, 1.0, 5, true),
    ('response_time', 'breach/2', 'rate', 2, 5, 60, 3.0, 3.5, 30, 0, 15, 1.0, 5, true),
    ('abandon_rate', 'breach/3', 'rate', 3, 5, 60, 3.0, 5.0, 90, 0, 15, 1.0, 5, false),
    ('service_level', 'breach/1', 'rate', 3, 5, 60, 3.0, 4.0, null, 0, 15, 2.0, 5, false),
    ('asa', 'breach/1', 'mean', 5, 5, 60, 3.0, 5.0, null, 0, 15, 2.0, 5, false),
    ('aht', 'breach/1', 'mean', 15, 15, 120, 3.0, 5.0, null, 5, 30, 5.0, 10, false),
    ('waiting_list', 'breach/1', 'level', 5, 5, 60, 0, 0, null, 5, 15, 1.0, 5, false),
    ('oldest_waiting', 'breach/1', 'level', 5, 5, 60, 0, 0, null, 5, 15, 0.0, 5, false),
    -- People come and go by the minute: what lasts counts
    ('attendance', 'breach/1', 'staff', 5, 5, 60, 0, 0, null, 10, 15, 0.0, 10, true),
    ('staffing', 'breach/1', 'staff', 5, 5, 60, 0, 0, null, 15, 15, 0.0, 15, true)
)

select
    final.kpi,
    final.rule_version,
    final.test,
    final.latest_min::numeric as latest_min,
    final.short_min::numeric as short_min,
    final.long_min::numeric as long_min,
    final.sure_z::numeric as sure_z,
    final.fast_z::numeric as fast_z,
    final.at_risk_s::numeric as at_risk_s,
    final.missed_for_min::numeric as missed_for_min,
    final.clear_min::numeric as clear_min,
    final.clear_margin::numeric as clear_margin,
    final.clear_for_min::numeric as clear_for_min,
    final.is_active
from final
