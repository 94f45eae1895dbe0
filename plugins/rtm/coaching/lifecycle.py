"""The life of a step of coaching: what may follow what, and what each decision needs.

    proposed -> issued -> followed_up
        |
        +-----> dismissed
        +-----> withdrawn (by the pipeline)

That an issued step has lapsed is told by the clock and is no status. Rules alone: no database, no
rights of roles (those are the desk's).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a step of coaching is in its life."""

    PROPOSED = "proposed"
    ISSUED = "issued"
    FOLLOWED_UP = "followed_up"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What can be done with it."""

    ISSUE = "issue"
    DISMISS = "dismiss"
    FOLLOW_UP = "follow_up"
    WITHDRAW = "withdraw"
    """By the pipeline, where corrected data take away what it rested on."""


@dataclass(frozen=True)
class Move:
    """From which status an action leads to which."""

    of: Status
    to: Status
    needs_note: bool = True


MOVES: dict[Action, Move] = {
    Action.ISSUE: Move(Status.PROPOSED, Status.ISSUED, needs_note=False),
    Action.DISMISS: Move(Status.PROPOSED, Status.DISMISSED),
    Action.FOLLOW_UP: Move(Status.ISSUED, Status.FOLLOWED_UP),
    Action.WITHDRAW: Move(Status.PROPOSED, Status.WITHDRAWN),
}
"""The note of `follow_up` is what was agreed or seen, that of the others a reason."""


@dataclass(frozen=True)
class Standing:
    """What the rules must know of a step of coaching."""

    status: Status
    agent_id: str
    proposed_step_no: int


class CoachingError(ValueError):
    """A decision that cannot be taken; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def next_status(
    standing: Standing,
    action: Action,
    actor: str,
    note: str | None = None,
    step_no: int | None = None,
) -> Status:
    """The status after the action, or CoachingError with why it cannot be taken:

    - `wrong_status`: not from this status;
    - `own_case`: nobody decides about himself or herself;
    - `unknown_step`: what is to be issued is no step of the ladder (`step_no` is its place);
    - `higher_step`: more than was proposed;
    - `note_missing`: a reason is asked for, also for a lower step than was proposed.
    """
    move = MOVES[action]
    if standing.status is not move.of:
        raise CoachingError("wrong_status")
    if actor == standing.agent_id:
        raise CoachingError("own_case")
    is_lower = False
    if action is Action.ISSUE:
        if step_no is None:
            raise CoachingError("unknown_step")
        if step_no > standing.proposed_step_no:
            raise CoachingError("higher_step")
        is_lower = step_no < standing.proposed_step_no
    if (move.needs_note or is_lower) and not (note or "").strip():
        raise CoachingError("note_missing")
    return move.to


def allowed(standing: Standing, actor: str) -> list[Action]:
    """The actions that a person could take now, whatever their role."""
    return [
        action
        for action, move in MOVES.items()
        if standing.status is move.of
        and actor != standing.agent_id
        and action is not Action.WITHDRAW
    ]
