"""The outbox: a mail is a row, written in the same transaction as the fact it tells of.

A mail is known by its dedupe key. A cycle that runs again writes the same key, and nothing happens.
What goes out with it is kept once, however many get it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.notify.rendering import render
from rtm.settings import Language

LONGEST_RECIPIENT = 320
"""More than any address has. What is longer is refused when it is sent, but must fit the index."""


@dataclass(frozen=True)
class Mail:
    """A mail to be: a kind (the name of its template), one recipient and what it tells."""

    kind: str
    dedupe_key: str
    recipient: str
    facts: dict[str, Any] = field(hash=False)
    thread: str | None = None
    """Mails of one thread answer each other in the reader's mailbox."""
    attachments: tuple[int, ...] = ()
    """From `attach`."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes out with a mail."""

    file_name: str
    media_type: str
    content: bytes = field(repr=False)


def attach(connection: Connection, files: Iterable[Attachment], now: datetime) -> tuple[int, ...]:
    """Keeps files for mails that are queued in the same transaction; returns their numbers."""
    return tuple(
        connection.execute(
            text(
                """
                insert into ops.attachment (file_name, media_type, content, created_at)
                values (:file_name, :media_type, :content, :now)
                returning attachment_id
                """
            ),
            {**vars(file), "now": now},
        ).scalar_one()
        for file in files
    )


def queue_mails(
    connection: Connection, mails: Iterable[Mail], language: Language, now: datetime
) -> int:
    """Writes the mails that are not in the outbox yet; returns how many there were.

    One that is there already takes no number; the key decides between two writers at one moment.
    """
    queued = 0
    for mail in mails:
        rendered = render(mail.kind, mail.facts, language)
        recipient = mail.recipient[:LONGEST_RECIPIENT]
        done = connection.execute(
            text(
                """
                insert into ops.outbox
                    (dedupe_key, kind, recipient, subject, body_text, body_html, thread,
                     attachments, created_at, next_attempt_at)
                select :dedupe_key, :kind, :recipient, :subject, :body_text, :body_html, :thread,
                    cast(:attachments as bigint[]), cast(:now as timestamptz),
                    cast(:now as timestamptz)
                where not exists (select from ops.outbox where dedupe_key = :dedupe_key)
                on conflict (dedupe_key) do nothing
                """
            ),
            {
                "dedupe_key": f"{mail.dedupe_key}:{recipient}",
                "kind": mail.kind,
                "recipient": recipient,
                "subject": rendered.subject,
                "body_text": rendered.text,
                "body_html": rendered.html,
                "thread": mail.thread,
                "attachments": list(mail.attachments),
                "now": now,
            },
        )
        queued += done.rowcount
    return queued


# What the operators themselves did not get is not told in another mail to them.
UNCONFIRMED = text(
    """
    select mail.mail_id, mail.recipient, mail.subject
    from ops.outbox as mail
    where mail.state = 'unconfirmed'
        and mail.next_attempt_at > cast(:as_of as timestamptz) - cast(:told_for as interval)
        and mail.kind <> 'incident'
        and not exists (
            select from ops.outbox as inside
            where inside.digest_id = mail.mail_id and inside.kind = 'incident'
        )
    order by mail.mail_id
    """
)
TOLD_FOR = timedelta(days=1)

# An address that takes a mail in a later round is right, or has become so.
REFUSED = text(
    """
    select
        mail.recipient,
        min(mail.mail_id) as mail_id,
        count(*) as mails,
        (array_agg(mail.subject order by mail.mail_id))[1] as subject,
        (array_agg(mail.smtp_answer order by mail.mail_id))[1] as answer
    from ops.outbox as mail
    where mail.state = 'refused'
        and not exists (
            select from ops.outbox as later
            where later.recipient = mail.recipient
                and later.state = 'sent'
                and later.next_attempt_at > mail.next_attempt_at
        )
    group by mail.recipient
    order by min(mail.mail_id)
    """
)


def unconfirmed_mails(connection: Connection, as_of: datetime) -> Sequence[Row[Any]]:
    """Mails of the last day that may or may not have reached their reader (`mail_id`, `recipient`,
    `subject`), for a person to look at."""
    return connection.execute(UNCONFIRMED, {"as_of": as_of, "told_for": TOLD_FOR}).all()


def refused_mails(connection: Connection) -> Sequence[Row[Any]]:
    """One row for each address that has taken nothing since a mail to it was refused for good: the
    first of those mails (`mail_id`, `subject`, `answer`) and how many they are (`mails`)."""
    return connection.execute(REFUSED).all()
