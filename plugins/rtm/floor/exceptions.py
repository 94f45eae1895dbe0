"""Exceptions of agents, from the request to the delivery.

    waiting -> approved -> withdrawn
       |  +--> rejected      ^
       +---------------------+

An approved request is a file of the feed `exception` under the approver's name. One that is
rejected or withdrawn is a later version of the same exception that nobody approved, which is what
the feed means by that.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, RowMapping, text

from rtm import audit
from rtm.landing import deliver
from rtm.sources.canonical import EXCEPTION

if TYPE_CHECKING:
    from upath import UPath

SUBJECT = "exception_request"
LONGEST = timedelta(days=31)
"""Whoever is away for longer is so by the roster."""


class Reason(StrEnum):
    """Categories that a request is filed under."""

    TRAINING = "training"
    MEETING = "meeting"
    COACHING = "coaching"
    SYSTEM = "system"
    PERMIT = "permit"
    HEALTH = "health"
    OTHER = "other"


class Status(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What can be done with a request that was made."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Step:
    """What an action asks of a request, and what becomes of it."""

    of: frozenset[Status]
    to: Status
    needs_note: bool = False
    by_another: bool = False
    """Neither by who asked for it nor by the agent it is for."""


STEPS: dict[Action, Step] = {
    Action.APPROVE: Step(frozenset({Status.WAITING}), Status.APPROVED, by_another=True),
    Action.REJECT: Step(
        frozenset({Status.WAITING}), Status.REJECTED, needs_note=True, by_another=True
    ),
    Action.WITHDRAW: Step(
        frozenset({Status.WAITING, Status.APPROVED}), Status.WITHDRAWN, needs_note=True
    ),
}

INSERT = text(
    """
    insert into ops.exception_request
        (agent_id, start_at, end_at, reason_code, reason, requested_by, requested_at)
    values (:agent_id, :start_at, :end_at, :reason_code, :reason, :actor, :at)
    on conflict do nothing
    returning request_id
    """
)

SERVICE = text("select service_code from marts.dim_agent where agent_id = :agent_id")

REQUEST = "select * from ops.exception_request where request_id = :request_id"

UPDATE = text(
    """
    update ops.exception_request set
        status = :status,
        note = :note,
        decided_by = case when :decides then :actor else decided_by end,
        decided_at = case when :decides then :at else decided_at end
    where request_id = :request_id
    """
)


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for."""

    agent_id: str
    start_at: datetime
    end_at: datetime
    reason_code: Reason
    reason: str


class ExceptionRequestError(ValueError):
    """What cannot be done. `reason` is a code; `details` name what it is about:

    - `incomplete`: fields that are missing or cannot be;
    - `already_requested`: the same time of the same agent is waiting or approved;
    - `wrong_status`: not from this status;
    - `own_request`: asked for by the actor, or for the actor;
    - `note_missing`: the reason is not given.
    """

    def __init__(self, reason: str, details: Sequence[str] = ()) -> None:
        super().__init__(reason if not details else f"{reason}: {', '.join(details)}")
        self.reason = reason
        self.details = tuple(details)


class UnknownRequestError(LookupError):
    """There is no request of this number."""


def request_exception(connection: Connection, wanted: Wanted, actor: str, at: datetime) -> int:
    """Puts a request up for approval and returns its number."""
    if not timedelta() < wanted.end_at - wanted.start_at <= LONGEST:
        raise ExceptionRequestError("incomplete", ["end_at"])
    asked = {**vars(wanted), "actor": actor, "at": at}
    request_id = connection.execute(INSERT, asked).scalar_one_or_none()
    if request_id is None:
        raise ExceptionRequestError("already_requested")
    told = {
        "agent_id": wanted.agent_id,
        "start_at": wanted.start_at.isoformat(),
        "end_at": wanted.end_at.isoformat(),
        "reason_code": wanted.reason_code,
        "reason": wanted.reason,
    }
    _record(connection, request_id, wanted.agent_id, "request", actor, at, told)
    return int(request_id)


def read_request(connection: Connection, request_id: int) -> RowMapping:
    """The request as it stands; raises UnknownRequestError."""
    return _found(connection, REQUEST, request_id)


def allowed(request: RowMapping, actor: str) -> list[Action]:
    """The steps that the actor may take now, as far as the request decides it."""
    return [action for action in Action if _objection(request, action, actor) is None]


def change_request(
    connection: Connection,
    landing: Callable[[], UPath],
    request_id: int,
    action: Action,
    actor: str,
    at: datetime,
    note: str | None,
) -> None:
    """Takes one step. Raises UnknownRequestError, ExceptionRequestError, or OSError where the
    landing folder cannot be written; nothing has changed then."""
    request = _found(connection, f"{REQUEST} for update", request_id)
    step = STEPS[action]
    if reason := _objection(request, action, actor):
        raise ExceptionRequestError(reason)
    if step.needs_note and not note:
        raise ExceptionRequestError("note_missing", ["note"])
    # First: from the audit row until the end of the transaction, all other writers wait. Where the
    # end fails, the request still waits: its approval delivers the same exception again, and
    # whatever else is decided takes back what may have been delivered.
    _deliver(landing(), request, actor if action is Action.APPROVE else None, at)
    changed = {
        "status": step.to,
        "note": note,
        "decides": step.by_another,
        "actor": actor,
        "at": at,
        "request_id": request_id,
    }
    connection.execute(UPDATE, changed)
    told = {"note": note} if note else None
    _record(connection, request_id, request["agent_id"], action, actor, at, told)


def exception_id(request_id: int) -> str:
    """What the feed knows the exception by."""
    return f"desk-{request_id}"


def _record(
    connection: Connection,
    request_id: int,
    agent_id: str,
    action: str,
    actor: str,
    at: datetime,
    told: dict[str, Any] | None,
) -> None:
    of = {"agent_id": agent_id}
    services: Sequence[str] = connection.execute(SERVICE, of).scalars().all()
    audit.record(connection, at, actor, SUBJECT, request_id, action, services, told)


def _found(connection: Connection, statement: str, request_id: int) -> RowMapping:
    found = connection.execute(text(statement), {"request_id": request_id}).mappings()
    request = found.one_or_none()
    if request is None:
        raise UnknownRequestError(f"there is no request {request_id}")
    return request


def _objection(request: RowMapping, action: Action, actor: str) -> str | None:
    step = STEPS[action]
    if request["status"] not in step.of:
        return "wrong_status"
    if step.by_another and actor in (request["requested_by"], request["agent_id"]):
        return "own_request"
    return None


def _deliver(landing: UPath, request: RowMapping, approved_by: str | None, at: datetime) -> None:
    named = exception_id(request["request_id"])
    cells = {
        "exception_id": named,
        "agent_id": request["agent_id"],
        "start_at": request["start_at"].isoformat(),
        "end_at": request["end_at"].isoformat(),
        # One line: what is read by line stays readable.
        "reason": " ".join(f"{request['reason_code']}: {request['reason']}".split()),
        "approved_by": approved_by or "",
        "updated_at": at.isoformat(),
    }
    content = io.StringIO()
    writer = csv.DictWriter(content, EXCEPTION.column_names)
    writer.writeheader()
    writer.writerow(cells)
    name = f"{named}.csv" if approved_by else f"{named}-withdrawn.csv"
    deliver(landing, EXCEPTION.name, name, io.BytesIO(content.getvalue().encode()))
