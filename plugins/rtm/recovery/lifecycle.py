"""The life of a recovery plan: which step may follow which, and what each needs.

    draft -> submitted -> verified -> in_action -> done -> closed -> reopened
               |  ^                                 |                   |
               v  |                                 +--> reopened ------+--> submitted
             returned                                 any open -> withdrawn

Rules alone: no database, no rights of roles (those are the desk's), no mails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Where a plan is in its life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    VERIFIED = "verified"
    IN_ACTION = "in_action"
    DONE = "done"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What can be done with a plan."""

    WRITE = "write"
    SUBMIT = "submit"
    VERIFY = "verify"
    RETURN = "return"
    START = "start"
    FINISH = "finish"
    CLOSE = "close"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    """By the pipeline, where corrected data show that the target was met."""
    HOLD = "hold"
    """Keeps the plan beyond its retention, for a legal case."""
    RELEASE = "release"


class Cause(StrEnum):
    """Categories of cause that a plan is filed under."""

    ATTENDANCE = "attendance"
    AUX = "aux"
    HANDLING_TIME = "handling_time"
    VOLUME = "volume"
    PLANNING = "planning"
    SYSTEM = "system"
    OTHER = "other"


BEING_WRITTEN = frozenset({Status.DRAFT, Status.RETURNED, Status.REOPENED})
OPEN = frozenset(set(Status) - {Status.CLOSED, Status.WITHDRAWN})


@dataclass(frozen=True)
class Step:
    """What an action asks of a plan, and what becomes of it."""

    of: frozenset[Status]
    to: Status | None = None
    """None: the status stays."""
    needs_note: bool = False
    by_another: bool = False
    """Not by one of those who wrote the plan."""
    awaits_effect: bool = False
    """Before it is known whether the plan had its effect only with a note that says why."""

    def asks_note(self, standing: Standing) -> bool:
        return self.needs_note or (self.awaits_effect and not standing.is_effect_known)


STEPS: dict[Action, Step] = {
    Action.WRITE: Step(BEING_WRITTEN),
    Action.SUBMIT: Step(BEING_WRITTEN, Status.SUBMITTED),
    Action.VERIFY: Step(frozenset({Status.SUBMITTED}), Status.VERIFIED, by_another=True),
    Action.RETURN: Step(
        frozenset({Status.SUBMITTED}), Status.RETURNED, needs_note=True, by_another=True
    ),
    Action.START: Step(frozenset({Status.VERIFIED}), Status.IN_ACTION),
    Action.FINISH: Step(frozenset({Status.IN_ACTION}), Status.DONE, needs_note=True),
    Action.CLOSE: Step(
        frozenset({Status.DONE}), Status.CLOSED, by_another=True, awaits_effect=True
    ),
    Action.REOPEN: Step(frozenset({Status.DONE, Status.CLOSED}), Status.REOPENED, needs_note=True),
    Action.WITHDRAW: Step(OPEN, Status.WITHDRAWN, needs_note=True),
    Action.HOLD: Step(frozenset(Status), needs_note=True),
    Action.RELEASE: Step(frozenset(Status), needs_note=True),
}
"""The note of `finish` is the evidence of what was done."""

MOST_WHYS = 5
MOST = {"horizon_min": 7 * 1440, "on_target_intervals": 48}
"""Within how many minutes, and by how many intervals in a row, an effect can be asked to show."""


@dataclass(frozen=True)
class Content:
    """What people write into a plan."""

    cause_category: Cause | None = None
    whys: tuple[str, ...] = ()
    correction: str | None = None
    corrective_action: str | None = None
    responsible: str | None = None
    """Agent id of who carries it out."""
    due_at: datetime | None = None
    horizon_min: int = 240
    on_target_intervals: int = 2

    def as_columns(self) -> dict[str, Any]:
        """Values by column of ops.recovery_plan."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {
            "whys": list(self.whys)
        }


@dataclass(frozen=True)
class Standing:
    """What the rules must know of a plan."""

    status: Status
    contributors: frozenset[str]
    content: Content
    is_effect_known: bool


class PlanError(ValueError):
    """A step that cannot be taken. `reason` is a code; `details` name what it is about."""

    def __init__(self, reason: str, details: Sequence[str] = ()) -> None:
        super().__init__(reason if not details else f"{reason}: {', '.join(details)}")
        self.reason = reason
        self.details = tuple(details)


def next_status(
    standing: Standing, action: Action, actor: str, at: datetime, note: str | None
) -> Status:
    """The status after the action, or PlanError with why it cannot be taken:

    - `wrong_status`: not from this status (its name is in the details);
    - `own_plan`: who wrote a plan neither verifies, returns nor closes it;
    - `note_missing`: a reason, or the evidence, is asked for; also why a plan is closed whose
      effect is not known yet;
    - `incomplete`: fields of a plan that is submitted are missing or make no sense.
    """
    step = STEPS[action]
    if standing.status not in step.of:
        raise PlanError("wrong_status", [standing.status])
    if step.by_another and actor in standing.contributors:
        raise PlanError("own_plan", [actor])
    if step.asks_note(standing) and not (note or "").strip():
        raise PlanError("note_missing")
    if action is Action.SUBMIT and (missing := lacks(standing.content, at)):
        raise PlanError("incomplete", missing)
    return step.to or standing.status


def allowed(standing: Standing, actor: str) -> list[Action]:
    """The actions that a person could take now, whatever their role, in order of life."""
    return [
        action
        for action, step in STEPS.items()
        if standing.status in step.of
        and not (step.by_another and actor in standing.contributors)
        and action is not Action.WITHDRAW
    ]


def lacks(content: Content, at: datetime) -> list[str]:
    """Names of the fields without which a plan cannot be submitted at `at`."""
    missing = [
        name
        for name in ("cause_category", "correction", "corrective_action", "responsible", "due_at")
        if not getattr(content, name)
    ]
    if not any(why.strip() for why in content.whys):
        missing.append("whys")
    if content.due_at is not None and content.due_at <= at:
        missing.append("due_at")
    missing += [name for name, most in MOST.items() if not 0 < getattr(content, name) <= most]
    return missing
