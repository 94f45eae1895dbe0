"""Takes a step of coaching through its life: one transaction with its audit row.

The rules are in `rtm.coaching.lifecycle`. Whoever decides says which revision they saw: of two
people who decide at the same time the second is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from rtm import audit
from rtm.coaching.lifecycle import Action, Standing, Status, next_status

SUBJECT = "coaching"

COACHING = text("select * from ops.coaching where coaching_id = :coaching_id")
LOCK = text("select from ops.coaching where coaching_id = :coaching_id for update")

STEP = text(
    """
    select step_no, lapses_after_days, follow_up_days
    from marts.rpt_coaching_step
    where service_code = :service_code and step_code = :step and is_active
    """
)

CHANGE = text(
    """
    update ops.coaching set
        revision = revision + 1,
        status = :status,
        status_since = :at,
        step = :step,
        step_no = :step_no,
        decided_at = :decided_at,
        decided_by = :decided_by,
        reason = :reason,
        follow_up_due_at = :follow_up_due_at,
        lapses_at = :lapses_at,
        followed_up_at = :followed_up_at,
        followed_up_by = :followed_up_by,
        follow_up_note = :follow_up_note
    where coaching_id = :coaching_id
    """
)

# What a withdrawn proposal rested on may count again.
RELEASE = text(
    """
    update ops.coaching_evidence set released_at = :at
    where coaching_id = :coaching_id and released_at is null
    """
)


@dataclass(frozen=True)
class Change:
    """What somebody decides about a step of coaching."""

    action: Action
    actor: str
    at: datetime
    revision: int
    """Of the step as the actor saw it."""
    step: str | None = None
    """Of `issue`: the step of the ladder; None: the one proposed."""
    note: str | None = None


class UnknownCoachingError(LookupError):
    """There is no step of coaching of this number."""


def read_coaching(connection: Connection, coaching_id: int) -> RowMapping:
    """The step as it stands."""
    found = connection.execute(COACHING, {"coaching_id": coaching_id}).mappings().one_or_none()
    if found is None:
        raise UnknownCoachingError(f"there is no step of coaching {coaching_id}")
    return found


def read_history(connection: Connection, coaching_ids: list[int]) -> list[RowMapping]:
    """What was done with these steps, oldest first."""
    return audit.read(connection, SUBJECT, coaching_ids)


def standing(coaching: RowMapping) -> Standing:
    """The step as the rules of its life see it."""
    return Standing(Status(coaching["status"]), coaching["agent_id"], coaching["proposed_step_no"])


def change_coaching(connection: Connection, coaching_id: int, change: Change) -> RowMapping:
    """Takes one decision and returns the step after it.

    Raises UnknownCoachingError, ChangedMeanwhileError, or CoachingError with the reason.
    """
    connection.execute(LOCK, {"coaching_id": coaching_id})
    before = read_coaching(connection, coaching_id)
    audit.insist_unchanged(connection, SUBJECT, coaching_id, before["revision"], change.revision)
    step = _step(connection, before, change) if change.action is Action.ISSUE else None
    status = next_status(
        standing(before),
        *(change.action, change.actor, change.note, step["step_no"] if step else None),
    )
    changed = _columns(before, change, step)
    connection.execute(CHANGE, {**before, **changed, "status": status, "at": change.at})
    if change.action is Action.WITHDRAW:
        connection.execute(RELEASE, {"coaching_id": coaching_id, "at": change.at})
    told = {"status": [before["status"], status]} | ({"step": changed["step"]} if step else {})
    audit.record(
        connection,
        *(change.at, change.actor, SUBJECT, coaching_id, change.action, [before["service_code"]]),
        {"changed": told} | ({"note": change.note} if change.note else {}),
    )
    return read_coaching(connection, coaching_id)


def _step(connection: Connection, coaching: RowMapping, change: Change) -> RowMapping | None:
    wanted = change.step or coaching["proposed_step"]
    asked = {"service_code": coaching["service_code"], "step": wanted}
    return connection.execute(STEP, asked).mappings().one_or_none()


def _columns(coaching: RowMapping, change: Change, step: RowMapping | None) -> dict[str, Any]:
    """The columns that the change sets, with their values."""
    at, actor = change.at, change.actor
    decided = {"decided_at": at, "decided_by": actor, "reason": change.note}
    match change.action:
        case Action.ISSUE if step is not None:
            return decided | {
                "step": change.step or coaching["proposed_step"],
                "step_no": step["step_no"],
                "follow_up_due_at": at + timedelta(days=step["follow_up_days"]),
                "lapses_at": at + timedelta(days=step["lapses_after_days"]),
            }
        case Action.DISMISS:
            return decided
        case Action.WITHDRAW:
            return {"reason": change.note}
        case _:
            return {"followed_up_at": at, "followed_up_by": actor, "follow_up_note": change.note}
