"""Keeps a busy quarter of an hour from becoming twenty mails: of what is due to one person, one
goes out at once, and for ten minutes all the rest waits for a digest.

What carries a document (a roster, its verdict, the report of a month) is no alert and always goes
by itself: that it was taken is the proof of distribution. The matters of agents come as a digest
already (`agent_digest`): they wait for each other and for alerts, but no alert waits for them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from rtm.notify.outbox import Mail, queue_mails
from rtm.settings import Language

BREACHES = ("breach", "breach_worse", "roster_breach")
ESCALATION = "plan_escalation"
ALERTS = (
    *(*BREACHES, ESCALATION, "roster_due", "incident"),
    *("plan_submit", "plan_return", "plan_verify", "plan_reopen", "plan_due"),
    *("plan_withdraw", "plan_ineffective"),
)
MATTERS = "agent_digest"
DIGEST = "digest"
PAUSE = timedelta(minutes=10)

# After an alert that went out, or may have (`unconfirmed`), what comes waits until the pause is
# over; so it does behind one that the server refused for now, and not one after the other is tried.
# A digest is an alert where one is in it.
HOLD = text(
    """
    with gone as (
        select mail_id, recipient, kind, next_attempt_at
        from ops.outbox
        where state in ('sent', 'unconfirmed')
            and next_attempt_at > cast(:as_of as timestamptz) - cast(:pause as interval)
        union all
        -- But for one that a person sends again
        select mail_id, recipient, kind, cast(:as_of as timestamptz)
        from ops.outbox
        where state = 'queued' and attempts > 0 and next_attempt_at > '-infinity'
    ),

    told as (
        select
            gone.recipient,
            max(gone.next_attempt_at) as last_at,
            max(gone.next_attempt_at) filter (
                where gone.kind = any(:alerts)
                    or exists (
                        select from ops.outbox as inside
                        where inside.digest_id = gone.mail_id and inside.kind = any(:alerts)
                    )
            ) as last_alert_at
        from gone
        where gone.kind = any(:held)
        group by gone.recipient
    )
    update ops.outbox as mail
    set next_attempt_at = cast(:pause as interval)
        + case when mail.kind = :matters then told.last_at else told.last_alert_at end
    from told
    where mail.recipient = told.recipient
        and mail.kind = any(:held)
        and mail.state = 'queued'
        and mail.attempts = 0
        and mail.next_attempt_at <= :as_of
        and (mail.kind = :matters or told.last_alert_at is not null)
    """
)

# The worst first: its subject becomes that of the digest.
TOGETHER = text(
    r"""
    select
        mail.recipient,
        array_agg(mail.mail_id order by worst.place, mail.mail_id) as mail_ids,
        array_agg(mail.subject order by worst.place, mail.mail_id) as subjects,
        array_agg(
            split_part(mail.body_text, E'\n-- \n', 1) order by worst.place, mail.mail_id
        ) as bodies,
        -- Of one thread, where all are
        case
            when count(mail.thread) = count(*) and count(distinct mail.thread) = 1
                then min(mail.thread)
        end as thread
    from ops.outbox as mail
    left join ops.breach as breach
        on breach.breach_id = substring(mail.thread from '^breach-(\d{1,18})$')::bigint
    cross join lateral (
        select case
            when mail.kind = any(:breaches) and breach.severity = 'critical' then 1
            when mail.kind = any(:breaches) then 2
            when mail.kind = :escalation then 3
            else 4
        end as place
    ) as worst
    where mail.kind = any(:held) and mail.kind <> :digest
        and mail.state = 'queued'
        and mail.attempts = 0
        and mail.next_attempt_at <= :as_of
    group by mail.recipient
    having count(*) > 1
    order by mail.recipient
    """
)

DIGESTED = text(
    """
    update ops.outbox as mail set
        state = 'digested',
        digest_id = digest.mail_id,
        smtp_answer = 'in the digest, mail ' || digest.mail_id
    from ops.outbox as digest
    where mail.mail_id = any(:mail_ids)
        and digest.dedupe_key = :key || ':' || mail.recipient
    """
)


def gather(connection: Connection, language: Language, as_of: datetime) -> None:
    """Holds what comes too soon, and makes one digest for each person who is due several."""
    known = {
        "alerts": list(ALERTS),
        "held": [*ALERTS, MATTERS, DIGEST],
        "breaches": list(BREACHES),
        "escalation": ESCALATION,
        "matters": MATTERS,
        "digest": DIGEST,
        "pause": PAUSE,
        "as_of": as_of,
    }
    connection.execute(HOLD, known)
    for due in connection.execute(TOGETHER, known).all():
        key = f"digest:{min(due.mail_ids)}-{max(due.mail_ids)}"
        mails = [
            {"subject": subject, "body": body.strip()}
            for subject, body in zip(due.subjects, due.bodies, strict=True)
        ]
        facts = {
            "count": len(mails),
            "worst": due.subjects[0],
            "more": len(mails) - 1,
            "mails": mails,
        }
        digest = Mail(DIGEST, key, due.recipient, facts, due.thread)
        queue_mails(connection, [digest], language, as_of)
        connection.execute(DIGESTED, {"mail_ids": due.mail_ids, "key": key})
