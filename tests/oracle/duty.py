"""Shift by shift, what the agent did in the time that the shift owns.

Attendance, login compliance, AUX and adherence all count from here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from .reference_data import ReferenceData
from .sessions import AgentHistory, PlannedEnd, Session, histories
from .shifts import Shift, rostered_shifts
from .spans import Span, common, without
from .world import World


@dataclass(frozen=True)
class OwnedPiece:
    """A session as far as the window reaches."""

    session: Session
    span: Span
    is_open: bool


@dataclass(frozen=True)
class WorkedShift:
    """A shift of kind `work` with the sessions and exceptions that touch it."""

    shift: Shift
    pieces: list[OwnedPiece]
    approved: list[Span]
    as_of: datetime

    @property
    def logged_in(self) -> list[Span]:
        return [piece.span for piece in self.pieces]

    @property
    def presence(self) -> list[Span]:
        return common(self.logged_in, [self.shift.planned])

    @property
    def is_over(self) -> bool:
        return self.as_of >= self.shift.planned[1]

    @property
    def is_excused(self) -> bool:
        return not without([self.shift.planned], self.approved)

    @property
    def is_provisional(self) -> bool:
        assert self.shift.window is not None
        is_anyone_open = any(piece.session.is_open for piece in self.pieces)
        return self.as_of < self.shift.window[1] or is_anyone_open


@dataclass(frozen=True)
class Duty:
    """All that the marts about agents count from."""

    worked: list[WorkedShift]
    unworked: list[Shift]
    unowned: dict[str, list[OwnedPiece]]
    histories: dict[str, AgentHistory]


def owned_pieces(sessions: list[Session], window: Span, as_of: datetime) -> list[OwnedPiece]:
    """The sessions cut to the window; a cut at its end is an end like any other."""
    return [
        OwnedPiece(session, piece, session.is_open and as_of < window[1])
        for session in sessions
        for piece in common([session.span], [window])
    ]


def unowned_pieces(
    sessions: list[Session], windows: list[Span], as_of: datetime
) -> list[OwnedPiece]:
    return [
        OwnedPiece(
            session,
            piece,
            session.is_open and piece[1] == as_of and all(start != as_of for start, _ in windows),
        )
        for session in sessions
        for piece in without([session.span], windows)
    ]


def duty(world: World, data: ReferenceData) -> Duty:
    shifts = rostered_shifts(world, data)
    working: dict[str, list[Shift]] = defaultdict(list)
    for shift in shifts:
        if shift.is_work:
            working[shift.agent_id].append(shift)

    def planned_end_of(agent_id: str) -> PlannedEnd:
        def planned_end(at: datetime) -> datetime | None:
            for shift in working[agent_id]:
                if shift.window is not None and shift.window[0] <= at < shift.window[1]:
                    return shift.planned[1]
            return None

        return planned_end

    of_agents = histories(world, data, planned_end_of)
    worked = []
    for shift in shifts:
        if shift.window is not None:
            sessions = of_agents.get(shift.agent_id, AgentHistory()).sessions
            pieces = owned_pieces(sessions, shift.window, world.as_of)
            approved = data.approved_time(shift.agent_id)
            worked.append(WorkedShift(shift, pieces, approved, world.as_of))

    unowned = {
        agent_id: unowned_pieces(
            of_agent.sessions,
            [shift.window for shift in working[agent_id] if shift.window is not None],
            world.as_of,
        )
        for agent_id, of_agent in of_agents.items()
    }
    unworked = [shift for shift in shifts if not shift.is_work]
    return Duty(worked, unworked, unowned, of_agents)


def zone_of_agent(agent_id: str, data: ReferenceData) -> ZoneInfo:
    service = data.service_of_agent[agent_id]
    assert service is not None
    return service.zone
