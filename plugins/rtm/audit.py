"""The audit trail: who changed which record when, and what. Rows are added and never rewritten.

The database makes the chain of hashes and refuses changes (migration 0008); here rows are added,
the chain is checked, and the content of a record that is removed at the end of its retention is
taken out. That it was there, who did what with it and when stays, and so does the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, RowMapping, text

PIPELINE = "rtm"
"""The actor where no person acts."""

RECORD = text(
    """
    with recorded as (
        insert into ops.audit (at, actor, subject, subject_id, action, content)
        values (:at, :actor, :subject, :subject_id, :action, :content)
        returning audit_id, subject
    )

    insert into ops.audit_service (service_code, subject, audit_id)
    select distinct concerned.service_code, recorded.subject, recorded.audit_id
    from recorded
    cross join unnest(cast(:services as text[])) as concerned (service_code)
    """
)

ENTRIES = text(
    """
    select audit_id, subject_id, at, actor, action, content
    from ops.audit
    where subject = :subject and subject_id = any(:subject_ids)
    order by audit_id
    """
)

# Of a row whose content was taken out the hash of the content stands for it.
BROKEN = text(
    """
    select audit_id
    from (
        select
            entry.audit_id,
            entry.hash = ops.audit_hash(lag(entry.hash) over chain, entry)
            and (
                entry.content is null
                or entry.content_hash = sha256(convert_to(entry.content::text, 'UTF8'))
            )
            and entry.audit_id = coalesce(lag(entry.audit_id) over chain, 0) + 1 as is_whole
        from ops.audit as entry
        window chain as (order by entry.audit_id)
    ) as checked
    where not is_whole
    order by audit_id
    limit 1
    """
)

ERASE = text(
    """
    update ops.audit set content = null
    where subject = :subject and subject_id = any(:subject_ids) and action <> 'remove'
    """
)


class ChangedMeanwhileError(RuntimeError):
    """Somebody else changed a record after it was read; `by` and `at` say who and when."""

    def __init__(self, by: str, at: datetime) -> None:
        super().__init__(f"changed by {by} at {at.isoformat(timespec='seconds')}")
        self.by, self.at = by, at


def record(
    connection: Connection,
    at: datetime,
    actor: str,
    subject: str,
    subject_id: int,
    action: str,
    services: Sequence[str],
    content: dict[str, Any] | None = None,
) -> None:
    """Adds a row about a record of these services, in the transaction of the change itself. Until
    that ends, other writers wait."""
    connection.execute(
        RECORD,
        {
            "at": at,
            "actor": actor,
            "subject": subject,
            "subject_id": subject_id,
            "action": action,
            "services": list(services),
            "content": Jsonb(content or {}),
        },
    )


def read(connection: Connection, subject: str, subject_ids: list[int]) -> list[RowMapping]:
    """What was done with these records, oldest first."""
    asked = {"subject": subject, "subject_ids": subject_ids}
    return list(connection.execute(ENTRIES, asked).mappings())


def insist_unchanged(
    connection: Connection, subject: str, subject_id: int, revision: int, seen: int
) -> None:
    """Raises ChangedMeanwhileError where the record is not in the revision that somebody saw."""
    if revision != seen:
        last = read(connection, subject, [subject_id])[-1]
        raise ChangedMeanwhileError(last["actor"], last["at"])


def first_broken(connection: Connection) -> int | None:
    """The number of the first row that was changed, or before which one is missing; None: whole."""
    return connection.execute(BROKEN).scalar_one_or_none()


def erase(connection: Connection, subject: str, subject_ids: list[int]) -> None:
    """Takes out the content of records whose removal is recorded."""
    connection.execute(ERASE, {"subject": subject, "subject_ids": subject_ids})
