"""The outbox: a mail is a row, written in the same transaction as the fact it tells of.

A mail is known by its dedupe key. A cycle that runs again writes the same key, and nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from rtm.notify.rendering import render
from rtm.settings import Language


@dataclass(frozen=True)
class Mail:
    """A mail to be: a kind (the name of its template), one recipient and what it tells."""

    kind: str
    dedupe_key: str
    recipient: str
    facts: dict[str, Any] = field(hash=False)
    thread: str | None = None
    """Mails of one thread answer each other in the reader's mailbox."""


def queue_mails(
    connection: Connection, mails: Iterable[Mail], language: Language, now: datetime
) -> int:
    """Writes the mails that are not in the outbox yet; returns how many there were."""
    queued = 0
    for mail in mails:
        rendered = render(mail.kind, mail.facts, language)
        done = connection.execute(
            text(
                """
                insert into ops.outbox
                    (dedupe_key, kind, recipient, subject, body_text, body_html, thread,
                     created_at, next_attempt_at)
                values (:dedupe_key, :kind, :recipient, :subject, :body_text, :body_html, :thread,
                    :now, :now)
                on conflict (dedupe_key) do nothing
                """
            ),
            {
                "dedupe_key": f"{mail.dedupe_key}:{mail.recipient}",
                "kind": mail.kind,
                "recipient": mail.recipient,
                "subject": rendered.subject,
                "body_text": rendered.text,
                "body_html": rendered.html,
                "thread": mail.thread,
                "now": now,
            },
        )
        queued += done.rowcount
    return queued
