"""Bad rows: one row per delivered row or session and kind of defect.

Of feeds that tell of facts, and of exceptions. Files, and rosters that were refused or overtaken,
are not repeated here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from .calls_in_row import read_rings
from .cells import seconds
from .deliveries import as_written, places
from .duty import Duty
from .nonvoice import Conversation, read_conversations
from .reference_data import ReferenceData, Service
from .sessions import Event, delivered_events
from .voice import Call, read_calls
from .world import Cells, World

Row = dict[str, Any]
AFTER = "after_as_of"


@dataclass(frozen=True)
class Defect:
    kind: str
    at: datetime
    delivered: Cells
    service_code: str | None
    agent_id: str | None = None


def is_before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def latest(*moments: datetime | None) -> datetime:
    return max(moment for moment in moments if moment is not None)


def kinds_of_call(call: Call) -> Iterator[str]:
    gave_up_at = call.left_at or (call.ended_at if call.outcome == "abandoned" else None)
    if any(given is not None and given < 0 for given in (call.talk_s, call.hold_s, call.acw_s)):
        yield "negative_duration"
    if call.talk_s is None and call.answered_at is not None and call.ended_at is not None:
        lasted_s = seconds(call.ended_at - call.answered_at)
        if lasted_s >= 0 and (call.hold_s or Fraction(0)) > lasted_s:
            yield "hold_longer_than_call"
    if is_before(call.queued_at, call.arrived_at):
        yield "queued_before_arrived"
    if is_before(call.answered_at, call.offered_at):
        yield "answered_before_queued"
    if is_before(gave_up_at, call.offered_at):
        yield "left_before_queued"
    if is_before(call.ended_at, call.answered_at):
        yield "ended_before_answered"


def kinds_of_conversation(one: Conversation) -> Iterator[str]:
    if is_before(one.first_response_at, one.received_at):
        yield "answered_before_received"
    if is_before(one.closed_at, one.received_at):
        yield "closed_before_received"


def of_calls(world: World, data: ReferenceData) -> Iterator[Defect]:
    for call in read_calls(world, data):
        code = call.service.service_code
        for kind in kinds_of_call(call):
            yield Defect(kind, call.offered_at, call.delivered, code)
        times = (call.arrived_at, call.queued_at, call.answered_at, call.left_at, call.ended_at)
        yield Defect(AFTER, latest(*times), call.delivered, code)


def of_rings(world: World, data: ReferenceData) -> Iterator[Defect]:
    for ring in read_rings(world, data):
        code = ring.service.service_code
        if is_before(ring.stopped_at, ring.rang_at):
            yield Defect("stopped_before_rang", ring.rang_at, ring.delivered, code)
        yield Defect(AFTER, latest(ring.rang_at, ring.stopped_at), ring.delivered, code)


def of_conversations(world: World, data: ReferenceData) -> Iterator[Defect]:
    for one in read_conversations(world, data):
        code = one.service.service_code
        for kind in kinds_of_conversation(one):
            yield Defect(kind, one.received_at, one.delivered, code)
        times = (one.received_at, one.assigned_at, one.first_response_at, one.closed_at)
        yield Defect(AFTER, latest(*times), one.delivered, code)


def code_of(service: Service | None) -> str | None:
    return None if service is None else service.service_code


def is_unknown_aux(event: Event, data: ReferenceData) -> bool:
    return event.state == "aux" and event.aux_code not in data.aux_codes


def of_events(world: World, data: ReferenceData, known: Duty) -> Iterator[Defect]:
    for agent_id, of_agent in known.histories.items():
        code = code_of(data.service_of_agent[agent_id])
        for kind, event in of_agent.odd:
            yield Defect(kind, event.at, event.delivered, code, agent_id)
    for event in delivered_events(world, data):
        agent_id = event.agent_id or None
        code = code_of(data.service_of_agent.get(event.agent_id))
        if agent_id is None:
            yield Defect("unknown_agent", event.at, event.delivered, None)
        elif is_unknown_aux(event, data) and event.at <= world.as_of:
            yield Defect("unknown_aux_code", event.at, event.delivered, code, agent_id)
        yield Defect(AFTER, event.at, event.delivered, code, agent_id)


def of_exceptions(data: ReferenceData) -> Iterator[Defect]:
    for one in data.exceptions:
        if one.end <= one.start:
            code = code_of(data.service_of_agent[one.agent_id])
            yield Defect("ends_before_start", one.start, one.delivered, code, one.agent_id)


def of_sessions(data: ReferenceData, known: Duty) -> Iterator[Row]:
    for agent_id, of_agent in known.histories.items():
        for session in of_agent.sessions:
            if session.is_auto_closed:
                yield {
                    "kind": "auto_closed",
                    "feed": "agent_event",
                    "file_name": None,
                    "row_number": None,
                    "agent_id": agent_id,
                    "occurred_at": session.end,
                    "service_code": code_of(data.service_of_agent[agent_id]),
                    "is_provisional": False,
                }


def placed(world: World, feed: str, found: Iterable[Defect]) -> Iterator[Row]:
    """Of equal rows the first is the one that counts, of reference data the last."""
    of_feed = places(world, feed)
    place = -1 if feed == "exception" else 0
    for defect in found:
        if defect.kind != AFTER or defect.at > world.as_of:
            where = of_feed[as_written(feed, defect.delivered)][place]
            yield {
                "kind": defect.kind,
                "feed": feed,
                "file_name": where.file_name,
                "row_number": where.row_number,
                "agent_id": defect.agent_id,
                "occurred_at": defect.at,
                "service_code": defect.service_code,
                "is_provisional": defect.kind == AFTER,
            }


def defects(world: World, data: ReferenceData, known: Duty) -> list[Row]:
    return [
        *placed(world, "call", of_calls(world, data)),
        *placed(world, "ring", of_rings(world, data)),
        *placed(world, "conversation", of_conversations(world, data)),
        *placed(world, "agent_event", of_events(world, data, known)),
        *placed(world, "exception", of_exceptions(data)),
        *of_sessions(data, known),
    ]


def counted(rows: list[Row]) -> list[Row]:
    of_kind: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        of_kind[row["kind"], row["feed"]].append(row)
    return [
        {
            "kind": kind,
            "feed": feed,
            "defects": len(found),
            "first_at": min(row["occurred_at"] for row in found),
            "last_at": max(row["occurred_at"] for row in found),
            "is_provisional": any(row["is_provisional"] for row in found),
        }
        for (kind, feed), found in sorted(of_kind.items())
    ]
