"""Sessions and states of agents, made from their events.

Knows of the roster only which shift owns a moment, and when that shift is planned to end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from . import cells
from .deliveries import as_written, delivered_rows, first_of_equal, latest_holds, readable
from .reference_data import ReferenceData
from .spans import Span
from .world import Cells, World

CLOSES_AFTER_SHIFT = timedelta(minutes=60)
CLOSES_WITHOUT_SHIFT = timedelta(hours=4)
LATE_LOGOUT_WITHIN = timedelta(hours=4)

HOME = ZoneInfo("Asia/Jakarta")
"""The zone of a person whose service is not known."""

PlannedEnd = Callable[[datetime], datetime | None]


@dataclass(frozen=True)
class Event:
    at: datetime
    agent_id: str
    kind: str
    state: str | None = None
    aux_code: str | None = None
    event_id: str | None = None
    source: str | None = None
    delivered: Cells = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Stay:
    """An unbroken stretch in one state."""

    start: datetime
    end: datetime
    state: str
    aux_code: str | None


@dataclass
class Session:
    agent_id: str
    start: datetime
    last_event_at: datetime
    changes: list[tuple[datetime, str, str | None]] = field(default_factory=list)
    end: datetime | None = None
    is_open: bool = False
    is_auto_closed: bool = False
    is_implicit: bool = False
    repeated_logins: int = 0

    @property
    def span(self) -> Span:
        assert self.end is not None
        return self.start, self.end

    @property
    def stays(self) -> list[Stay]:
        assert self.end is not None
        stays: list[Stay] = []
        starts = [at for at, _, _ in self.changes]
        for (start, state, aux_code), end in zip(
            self.changes, [*starts[1:], self.end], strict=True
        ):
            if start >= end:
                continue
            before = stays[-1] if stays else None
            if before is not None and (before.state, before.aux_code) == (state, aux_code):
                stays[-1] = Stay(before.start, end, state, aux_code)
            else:
                stays.append(Stay(start, end, state, aux_code))
        return stays


@dataclass
class AgentHistory:
    sessions: list[Session] = field(default_factory=list)
    ignored_logouts: int = 0
    odd: list[tuple[str, Event]] = field(default_factory=list)
    """What was strange, as `rpt_data_quality` calls it, and of which event."""


def closes_itself_at(session: Session, planned_end: PlannedEnd) -> datetime:
    last = session.last_event_at
    shift_end = planned_end(last)
    if shift_end is None:
        return last + CLOSES_WITHOUT_SHIFT
    return max(last, shift_end) + CLOSES_AFTER_SHIFT


def holding_state(states: list[Event]) -> Event | None:
    """The state event with the highest id, as bytes; without an id it ranks lowest."""

    def rank(event: Event) -> tuple[bool, bytes, str]:
        event_id = event.event_id
        tie_break = f"{event.source}/{event.state}/{event.aux_code}"
        return event_id is not None, (event_id or "").encode(), tie_break

    return max(states, key=rank, default=None)


def first_login(logins: list[Event]) -> Event:
    """The one with the lowest event id, as bytes; without an id it ranks last."""
    return min(logins, key=lambda login: (login.event_id is None, (login.event_id or "").encode()))


def as_state(event: Event) -> tuple[str | None, str | None]:
    return event.state, event.aux_code


def history(events: list[Event], planned_end: PlannedEnd, as_of: datetime) -> AgentHistory:
    """What the events of one agent amount to at `as_of`."""
    result = AgentHistory()
    moments: dict[datetime, list[Event]] = defaultdict(list)
    for event in events:
        if event.at <= as_of:
            moments[event.at].append(event)

    session: Session | None = None

    def opened(at: datetime, event: Event, state: Event | None) -> Session:
        new = Session(event.agent_id, at, at, is_implicit=event.kind == "state")
        if state is None:
            new.changes.append((at, "ready", None))
        else:
            new.changes.append((at, state.state or "", state.aux_code))
        result.sessions.append(new)
        return new

    for at in sorted(moments):
        logins = [event for event in moments[at] if event.kind == "login"]
        logouts = [event for event in moments[at] if event.kind == "logout"]
        states = [event for event in moments[at] if event.kind == "state"]
        state = holding_state(states)
        is_open_before = False

        if session is not None:
            alone_at = closes_itself_at(session, planned_end)
            is_ended_late = bool(logouts) and at <= alone_at + LATE_LOGOUT_WITHIN
            if at > alone_at and not is_ended_late:
                session.end, session.is_auto_closed = alone_at, True
                session = None
            is_open_before = session is not None
        result.odd += odd_events(logins, logouts, states, is_open_before)

        if session is not None and logouts:
            # States of this moment go with the session that closes, or with the one that opens.
            session.end = session.last_event_at = at
            session = opened(at, logins[0], state) if logins else None
        elif session is not None:
            session.last_event_at = at
            session.repeated_logins += len(logins)
            if state is not None:
                session.changes.append((at, state.state or "", state.aux_code))
        else:
            if logins or states:
                session = opened(at, (logins or states)[0], state)
                session.repeated_logins = max(0, len(logins) - 1)
            if logouts and session is not None:
                session.end = at
                session = None
            elif logouts:
                result.ignored_logouts += len(logouts)

    if session is not None:
        alone_at = closes_itself_at(session, planned_end)
        if as_of > alone_at:
            session.end, session.is_auto_closed = alone_at, True
        else:
            session.end, session.is_open = as_of, True
    return result


def odd_events(
    logins: list[Event], logouts: list[Event], states: list[Event], is_open_before: bool
) -> list[tuple[str, Event]]:
    """What is strange in one moment of an agent, event by event."""
    odd: list[tuple[str, Event]] = []
    state = holding_state(states)
    if state is not None:
        others = [event for event in states if as_state(event) != as_state(state)]
        odd += [("overlapping_state", event) for event in others]
        if not logins and not is_open_before:
            odd.append(("implicit_login", state))
    if logins:
        opens = None if is_open_before and not logouts else first_login(logins)
        odd += [("repeated_login", event) for event in logins if event is not opens]
    if not (is_open_before or logins or states):
        odd += [("stray_logout", event) for event in logouts]
    return odd


def read_events(world: World, data: ReferenceData) -> list[Event]:
    """Events whose agent is known, and of a known service; the others wait."""
    return [
        event
        for event in delivered_events(world, data)
        if data.service_of_agent.get(event.agent_id) is not None
    ]


def delivered_events(world: World, data: ReferenceData) -> list[Event]:
    """All that hold; of an agent whom nobody knows without a name."""

    def identity(row: Cells) -> tuple[str, ...]:
        event_id = cells.text(row, "event_id")
        if event_id is None:
            return as_written("agent_event", row)
        return cells.text(row, "source") or "", event_id

    def read(row: Cells) -> tuple[Cells, Event]:
        kind = cells.one_of(row, "event", "login", "logout", "state")
        state = aux_code = None
        if kind == "state":
            state = cells.one_of(row, "state", "ready", "busy", "acw", "aux")
            aux_code = cells.text(row, "aux_code") if state == "aux" else None
        source = cells.text(row, "source")
        agent_id = data.agent_named(source, cells.required_text(row, "agent_id"))
        service = None if agent_id is None else data.service_of_agent.get(agent_id)
        zone = HOME if service is None else service.zone
        return row, Event(
            at=cells.required_moment(row, "occurred_at", zone),
            agent_id=agent_id or "",
            kind=kind,
            state=state,
            aux_code=aux_code,
            event_id=cells.text(row, "event_id"),
            source=source,
            delivered=row,
        )

    rows = first_of_equal("agent_event", delivered_rows(world, "agent_event"))
    winners = latest_holds(readable(rows, read), lambda pair: identity(pair[0]))
    return [event for _, event in winners]


def histories(
    world: World,
    data: ReferenceData,
    planned_end_of: Callable[[str], PlannedEnd],
) -> dict[str, AgentHistory]:
    events: dict[str, list[Event]] = defaultdict(list)
    for event in read_events(world, data):
        events[event.agent_id].append(event)
    return {
        agent_id: history(of_agent, planned_end_of(agent_id), world.as_of)
        for agent_id, of_agent in sorted(events.items())
    }
