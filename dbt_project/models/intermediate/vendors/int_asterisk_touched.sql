-- One row per person whose states must be told anew from the queue_log, and from where to where. A
-- line tells of the 24 hours after it; a reason also of a pause that began a minute before.
with

changes as (
    select line.person, line.occurred_at
    from {{ ref('int_asterisk_line_replaced') }} as line
    union all
    select line.was_person, line.was_occurred_at
    from {{ ref('int_asterisk_line_replaced') }} as line
    where line.was_person is not null
)

select
    changes.person,
    min(changes.occurred_at) - interval '1 minute' as from_at,
    max(changes.occurred_at) + interval '24 hours' as to_at
from changes
group by changes.person
