-- Whoever has an eye on the pipeline from outside compares these moments with the wall clock
select
    clock.built_as_of as as_of,
    extract(epoch from clock.stale_after)::double precision as stale_after_s,
    latest.finished_at as step_finished_at,
    -- The outbox
    outbox.mails_overdue,
    outbox.first_mail_due_at,
    true as is_provisional
from {{ clock() }} as clock
left join
    lateral (
        select cycle.finished_at
        from {{ source('ops', 'cycle') }} as cycle
        order by cycle.cycle_id desc
        limit 1
    ) as latest
    on true
cross join
    lateral (
        select
            count(*) filter (where mail.next_attempt_at <= clock.built_as_of) as mails_overdue,
            min(mail.next_attempt_at) as first_mail_due_at
        from {{ source('ops', 'outbox') }} as mail
        where mail.state = 'queued'
    ) as outbox
