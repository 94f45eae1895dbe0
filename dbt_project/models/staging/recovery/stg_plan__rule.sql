-- One row per severity of a breach and step of its recovery plan: within how many minutes the step
-- is due, how long before that the next person is reminded, and how long after it the coordinator
-- is told. The times are this product's own; a site sets its own by the feed plan_rule. A step
-- without due_min is due when the plan itself says.
with

final (severity, step, due_min, remind_min, escalate_min) as (
    values
    ('critical', 'submit', 15, 5, 0),
    ('critical', 'verify', 30, 10, 0),
    ('critical', 'start', 30, 10, 0),
    ('critical', 'finish', null, 15, 0),
    ('critical', 'close', 1440, 240, 0),
    ('warning', 'submit', 30, 10, 15),
    ('warning', 'verify', 60, 15, 15),
    ('warning', 'start', 60, 15, 15),
    ('warning', 'finish', null, 15, 15),
    ('warning', 'close', 1440, 240, 60)
)

select
    final.severity,
    final.step,
    final.due_min::numeric as due_min,
    final.remind_min::numeric as remind_min,
    final.escalate_min::numeric as escalate_min
from final
