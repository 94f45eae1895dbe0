"""Keeps a busy quarter of an hour from becoming twenty mails: of what is due to one person, one
goes out at once, and for ten minutes all the rest waits for a digest.

What carries a document (a roster, its verdict) is no alert and always goes by itself: that it was
taken is the proof of distribution.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from rtm.notify.outbox import Mail, queue_mails
from rtm.settings import Language

ALERTS = (
    *("breach", "roster_breach", "roster_due", "agent_digest", "digest"),
    *("plan_submit", "plan_return", "plan_verify", "plan_reopen", "plan_due", "plan_escalation"),
)
PAUSE = timedelta(minutes=10)

# After an alert that went out, or may have, what comes waits until the pause is over.
HOLD = text(
    """
    update ops.outbox as mail
    set next_attempt_at = told.last_at + cast(:pause as interval)
    from (
        select recipient, max(sent_at) as last_at
        from ops.outbox
        where kind = any(:alerts) and state = 'sent'
            and sent_at > cast(:as_of as timestamptz) - cast(:pause as interval)
        group by recipient
    ) as told
    where mail.recipient = told.recipient
        and mail.kind = any(:alerts)
        and mail.state = 'queued'
        and mail.attempts = 0
        and mail.next_attempt_at <= :as_of
    """
)

TOGETHER = text(
    """
    select
        recipient,
        array_agg(mail_id order by mail_id) as mail_ids,
        array_agg(subject order by mail_id) as subjects,
        array_agg(split_part(body_text, E'\n-- \n', 1) order by mail_id) as bodies
    from ops.outbox
    where kind = any(:alerts) and kind <> 'digest'
        and state = 'queued'
        and attempts = 0
        and next_attempt_at <= :as_of
    group by recipient
    having count(*) > 1
    order by recipient
    """
)

DIGESTED = text(
    """
    update ops.outbox set
        state = 'digested',
        smtp_answer = 'in the digest ' || :key
    where mail_id = any(:mail_ids)
    """
)


def gather(connection: Connection, language: Language, as_of: datetime) -> None:
    """Holds what comes too soon, and makes one digest for each person who is due several alerts."""
    known = {"alerts": list(ALERTS), "as_of": as_of}
    connection.execute(HOLD, {**known, "pause": PAUSE})
    for due in connection.execute(TOGETHER, known).all():
        key = f"digest:{due.mail_ids[0]}-{due.mail_ids[-1]}"
        mails = [
            {"subject": subject, "body": body.strip()}
            for subject, body in zip(due.subjects, due.bodies, strict=True)
        ]
        facts = {"count": len(mails), "mails": mails}
        queue_mails(connection, [Mail("digest", key, due.recipient, facts)], language, as_of)
        connection.execute(DIGESTED, {"mail_ids": due.mail_ids, "key": key})
