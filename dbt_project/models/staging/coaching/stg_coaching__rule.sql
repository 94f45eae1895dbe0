-- One row per matter that proposes a step of coaching, as this version of the product knows it. A
-- site moves a value by the feed coaching_rule, and states matters of its own there.
--
-- A rule is reached by so many matters within so many days. `matter` may name a subject as well
-- (rotg:two_stations); without one it counts them all together. Why these values: docs/coaching.md.
with

final (matter, occurrences, within_days, first_step) as (
    values
    ('no_show', 1, 30, 'reminder'),
    ('late_login', 3, 30, 'reminder'),
    ('early_logout', 3, 30, 'reminder'),
    -- Lines drop as well
    ('login_gap', 5, 30, 'reminder'),
    ('aux_allowance', 5, 30, 'reminder'),
    -- Nobody does these by mistake
    ('rotg:two_stations', 1, 30, 'coaching'),
    ('rotg:short_calls_in_row', 2, 30, 'coaching'),
    ('rotg', 5, 30, 'reminder')
)

select
    final.matter,
    final.occurrences::bigint as occurrences,
    final.within_days::bigint as within_days,
    final.first_step
from final
