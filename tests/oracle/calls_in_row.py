"""Rows of like calls: short ones that an agent answered, and rings that nobody answered.

The rules of the floor as `docs/decisions/rotg-rules.md` has them, with the thresholds that hold
where a site states none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from . import cells
from .cells import seconds
from .deliveries import delivered_rows, first_of_equal, newest_holds, readable
from .duty import Duty
from .reference_data import ReferenceData, Service
from .voice import Call, read_calls
from .world import Cells, World

SHORT, RINGING = "short_calls_in_row", "ringing_unanswered"
SHORTER_THAN_S, RINGS_AT_LEAST_S = Fraction(10), Fraction(5)
IN_ROW = 3


@dataclass(frozen=True)
class Ring:
    call_id: str
    ring_id: str | None
    service: Service
    source: str | None
    external_id: str
    rang_at: datetime
    stopped_at: datetime | None
    was_answered: bool | None
    updated_at: datetime | None
    delivered: Cells = field(default_factory=dict, compare=False, repr=False)

    @property
    def identity(self) -> tuple[object, ...]:
        if self.ring_id is not None:
            return self.call_id, self.ring_id
        return self.call_id, self.source, self.external_id, self.rang_at

    def was_left(self, as_of: datetime) -> bool:
        """Stopped, long enough, and somebody says that nobody answered."""
        if self.stopped_at is None or self.stopped_at > as_of or self.was_answered is not False:
            return False
        return seconds(self.stopped_at - self.rang_at) >= RINGS_AT_LEAST_S


@dataclass(frozen=True)
class Step:
    """A call or ring as one rule sees it; what is not counted breaks the row."""

    at: datetime
    is_counted: bool
    call_id: str
    ended_at: datetime | None

    @property
    def order(self) -> tuple[object, ...]:
        return self.at, self.is_counted, self.call_id


Desk = tuple[str, str, str]
"""Rule, agent and service."""


def read_rings(world: World, data: ReferenceData) -> list[Ring]:
    def read(row: Cells) -> Ring | None:
        service = data.services.get(cells.required_text(row, "service_code"))
        if service is None:
            return None
        says = cells.text(row, "was_answered")
        return Ring(
            call_id=cells.required_text(row, "call_id"),
            ring_id=cells.text(row, "ring_id"),
            service=service,
            source=cells.text(row, "source"),
            external_id=cells.required_text(row, "agent_id"),
            rang_at=cells.required_moment(row, "rang_at", service.zone),
            stopped_at=cells.moment(row, "stopped_at", service.zone),
            was_answered=None if says is None else cells.boolean_or(row, "was_answered", False),
            updated_at=cells.moment(row, "updated_at", service.zone),
            delivered=row,
        )

    rows = first_of_equal("ring", delivered_rows(world, "ring"))
    return newest_holds(
        readable(rows, read), lambda ring: ring.identity, lambda ring: ring.updated_at
    )


def talked_s(call: Call, as_of: datetime) -> Fraction | None:
    """`None` while the call goes on, or where nobody tells."""
    if call.ended_at is not None and call.ended_at > as_of:
        return None
    if call.talk_s is not None:
        return max(Fraction(0), call.talk_s)
    if call.ended_at is None or call.answered_at is None:
        return None
    hold_s = max(Fraction(0), call.hold_s or Fraction(0))
    return max(Fraction(0), seconds(call.ended_at - call.answered_at) - hold_s)


def steps(world: World, data: ReferenceData) -> Iterator[tuple[Desk, Step]]:
    for call, external_id in read_answered(world, data):
        agent_id = data.agent_named(None, external_id)
        if agent_id is None or call.answered_at is None or call.answered_at > world.as_of:
            continue
        talk_s = talked_s(call, world.as_of)
        is_short = talk_s is not None and talk_s < SHORTER_THAN_S
        for rule, is_counted in ((SHORT, is_short), (RINGING, False)):
            desk = rule, agent_id, call.service.service_code
            yield desk, Step(call.answered_at, is_counted, call.call_id, call.ended_at)
    for ring in read_rings(world, data):
        agent_id = data.agent_named(ring.source, ring.external_id)
        if agent_id is not None and ring.rang_at <= world.as_of:
            is_counted = ring.was_left(world.as_of)
            desk = RINGING, agent_id, ring.service.service_code
            yield desk, Step(ring.rang_at, is_counted, ring.call_id, ring.stopped_at)


def read_answered(world: World, data: ReferenceData) -> Iterator[tuple[Call, str]]:
    """Inbound calls that were answered, with the id of who did."""
    for call in read_calls(world, data):
        if call.direction == "inbound" and call.outcome == "answered" and call.external_agent_id:
            yield call, call.external_agent_id


def unbroken(of_desk: list[Step]) -> Iterator[list[Step]]:
    row: list[Step] = []
    for step in sorted(of_desk, key=lambda step: step.order):
        if step.is_counted:
            row.append(step)
        else:
            yield row
            row = []
    yield row


def evidence(rule: str, row: list[Step]) -> dict[str, list[Any]]:
    if rule == SHORT:
        return {"call_ids": [step.call_id for step in row]}
    return {
        "rings": [
            {
                "call_id": step.call_id,
                "rang_at": f"{step.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            }
            for step in row
        ]
    }


def calls_in_row(world: World, data: ReferenceData, known: Duty) -> list[dict[str, Any]]:
    desks: dict[Desk, list[Step]] = defaultdict(list)
    for desk, step in steps(world, data):
        approved = data.approved_time(desk[1])
        if not any(start <= step.at < end for start, end in approved):
            desks[desk].append(step)
    found = []
    for (rule, agent_id, service_code), of_desk in sorted(desks.items()):
        for row in unbroken(of_desk):
            if len(row) >= IN_ROW:
                service = data.services[service_code]
                found.append(violation(rule, agent_id, service, row, known, world.as_of))
    return found


def violation(
    rule: str, agent_id: str, service: Service, row: list[Step], known: Duty, as_of: datetime
) -> dict[str, Any]:
    started_at = row[0].at
    ended_at = max(max(step.at, step.ended_at or step.at) for step in row)
    owners = [
        worked.shift
        for worked in known.worked
        if worked.shift.agent_id == agent_id
        and worked.shift.window is not None
        and worked.shift.window[0] <= started_at < worked.shift.window[1]
    ]
    owner = owners[0] if owners else None
    window_end = owner.window[1] if owner and owner.window else ended_at
    return {
        "agent_id": agent_id,
        "service_code": service.service_code,
        "roster_date": owner.roster_date if owner else started_at.astimezone(service.zone).date(),
        "shift_code": owner.shift_code if owner else None,
        "rule_code": rule,
        "started_at": started_at,
        "ended_at": ended_at,
        "measured": len(row),
        "threshold": IN_ROW,
        "evidence": evidence(rule, row),
        "is_provisional": max(ended_at, window_end) > as_of,
    }
