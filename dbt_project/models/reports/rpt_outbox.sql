select
    mail.kind,
    -- What still has to go out
    count(*) filter (where mail.state in ('queued', 'sending')) as waiting,
    count(*) filter (
        where mail.state = 'queued' and mail.next_attempt_at <= {{ built_as_of() }}
    ) as overdue,
    min(mail.next_attempt_at) filter (
        where mail.state = 'queued' and mail.next_attempt_at <= {{ built_as_of() }}
    ) as oldest_due_at,
    -- What came of the others
    count(*) filter (where mail.state = 'sent') as sent,
    count(*) filter (where mail.state = 'digested') as digested,
    count(*) filter (where mail.state = 'refused') as refused,
    count(*) filter (where mail.state = 'unconfirmed') as unconfirmed,
    max(mail.sent_at) as latest_sent_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from {{ source('ops', 'outbox') }} as mail
where mail.created_at > {{ built_as_of() }} - interval '1 day'
    or mail.state in ('queued', 'sending')
group by mail.kind
