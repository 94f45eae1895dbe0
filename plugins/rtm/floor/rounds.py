"""Rounds of the floor: what people see and no log can tell, by the checklist of the site.

Somebody looks at items of the checklist for the agents of one team in one shift, and says what was
found, or that nothing was. What is recorded stays: a round that was a mistake is voided with a
reason, and takes its findings along. What becomes of them is said by `marts.fct_rotg_violation`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm import audit
from rtm.audit import ChangedMeanwhileError

SUBJECT = "rotg_round"
RECORDED_FOR = timedelta(hours=12)
"""So long after the end of its shift a round can still be recorded: what was seen is kept, though
it comes too late to count as a check."""


@dataclass(frozen=True)
class TeamShift:
    """What a round is of: a team in a shift of a service."""

    service_code: str
    roster_date: date
    shift_code: str
    team_code: str


@dataclass(frozen=True)
class Round:
    """What somebody says they looked at, and saw."""

    of: TeamShift
    items: frozenset[str]
    """Codes of what was looked at."""
    found: frozenset[tuple[str, str]] = frozenset()
    """Agent and item of what is not in order."""
    nothing_found: bool | None = None
    """The statement that all was in order, or not; None where it was not made."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What is said of an agent's findings."""
    note: str | None = None

    @property
    def agents(self) -> set[str]:
        return {agent_id for agent_id, _ in self.found}


class RoundError(ValueError):
    """What cannot be recorded or voided. `reason` is a code:

    - `shift_closed`: the shift has not begun, or is over for too long;
    - `unknown_item`, `nothing_looked_at`, `not_looked_at`: of the items;
    - `own_case`: somebody's finding about themselves, or their voiding of one;
    - `not_on_duty`: an agent who is not of the team in this shift;
    - `not_stated`, `contradicting`: whether something was found;
    - `note_without_finding`: of an agent for whom nothing is ticked;
    - `reason_missing`, `already_voided`: of a voiding.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownRoundError(LookupError):
    """There is no round of this number."""


# Two who record the same team and shift do so one after the other.
LOCK = text("select pg_advisory_xact_lock(hashtextextended('rotg_round ' || :of, 0))")

NEWEST = text(
    """
    select round_id, checked_by, checked_at
    from ops.rotg_round
    where service_code = :service_code
        and roster_date = :roster_date
        and shift_code = :shift_code
        and team_code = :team_code
    order by round_id desc
    limit 1
    """
)

INSERT = text(
    """
    insert into ops.rotg_round
        (service_code, roster_date, shift_code, team_code, items, note, checked_by, checked_at)
    values
        (:service_code, :roster_date, :shift_code, :team_code, :items, :note, :actor, :at)
    returning round_id
    """
)

INSERT_FINDING = text(
    """
    insert into ops.rotg_finding (round_id, agent_id, item_code, note)
    values (:round_id, :agent_id, :item_code, :note)
    """
)

FOUND = text("select distinct agent_id from ops.rotg_finding where round_id = :round_id")

SERVICE = text("select service_code from ops.rotg_round where round_id = :round_id")

INSERT_VOID = text(
    """
    insert into ops.rotg_void (round_id, reason, voided_by, voided_at)
    values (:round_id, :reason, :actor, :at)
    on conflict do nothing
    returning round_id
    """
)


def is_open(planned_start_at: datetime, planned_end_at: datetime, as_of: datetime) -> bool:
    """Whether a round of a shift can be recorded, by the clock of the data."""
    return planned_start_at <= as_of < planned_end_at + RECORDED_FOR


def objection(
    made: Round, on_duty: Collection[str], checklist: Collection[str], actor: str
) -> str | None:
    """Why a round cannot be recorded as it is, as a reason of RoundError."""
    named = made.agents | set(made.notes)
    ticked = {item for _, item in made.found}
    verdicts = {
        "unknown_item": not (made.items | ticked) <= set(checklist),
        "nothing_looked_at": not made.items,
        "own_case": actor in named,
        "not_on_duty": not named <= set(on_duty),
        "not_looked_at": not ticked <= made.items,
        "not_stated": made.nothing_found is None,
        "contradicting": made.nothing_found is bool(made.found),
        "note_without_finding": not set(made.notes) <= made.agents,
    }
    return next((reason for reason, is_so in verdicts.items() if is_so), None)


def newest_round(connection: Connection, of: TeamShift) -> Row[Any] | None:
    """The last round of the team in this shift, voided or not."""
    return connection.execute(NEWEST, vars(of)).one_or_none()


def record_round(
    connection: Connection,
    made: Round,
    on_duty: Collection[str],
    checklist: Collection[str],
    seen: int,
    actor: str,
    at: datetime,
) -> int:
    """Keeps a round and returns its number. `seen` is the number of the newest one of this team and
    shift that the actor knew of, 0 for none. Raises RoundError, or ChangedMeanwhileError where
    somebody has recorded another since; nothing is kept then."""
    if reason := objection(made, on_duty, checklist, actor):
        raise RoundError(reason)
    connection.execute(LOCK, {"of": repr(made.of)})
    newest = newest_round(connection, made.of)
    if newest is not None and newest.round_id != seen:
        raise ChangedMeanwhileError(newest.checked_by, newest.checked_at)
    told = {
        **vars(made.of),
        "items": sorted(made.items),
        "note": made.note,
        "actor": actor,
        "at": at,
    }
    round_id: int = connection.execute(INSERT, told).scalar_one()
    findings = [
        {"agent_id": agent_id, "item_code": item, "note": made.notes.get(agent_id)}
        for agent_id, item in sorted(made.found)
    ]
    if findings:
        connection.execute(INSERT_FINDING, [{"round_id": round_id, **one} for one in findings])
    content = {
        "service_code": made.of.service_code,
        "roster_date": made.of.roster_date.isoformat(),
        "shift_code": made.of.shift_code,
        "team_code": made.of.team_code,
        "items": sorted(made.items),
        "findings": findings,
        "note": made.note,
    }
    services = [made.of.service_code]
    audit.record(connection, at, actor, SUBJECT, round_id, "check", services, content)
    return round_id


def void_round(
    connection: Connection, round_id: int, actor: str, at: datetime, reason: str | None
) -> None:
    """Takes a round out of account, for good. Raises UnknownRoundError or RoundError."""
    asked = {"round_id": round_id}
    services: Sequence[str] = connection.execute(SERVICE, asked).scalars().all()
    if not services:
        raise UnknownRoundError(f"there is no round {round_id}")
    if actor in connection.execute(FOUND, asked).scalars().all():
        raise RoundError("own_case")
    if not reason:
        raise RoundError("reason_missing")
    voided = {**asked, "actor": actor, "at": at, "reason": reason}
    if connection.execute(INSERT_VOID, voided).one_or_none() is None:
        raise RoundError("already_voided")
    audit.record(connection, at, actor, SUBJECT, round_id, "void", services, {"note": reason})
