"""Who may do what: the one place that says it, as data.

A right holds at a service. A visitor has a position at a service (by the feeds `agent` and `team`,
see `people`), and a position grants rights. Nothing here asks the database, and no page decides
for itself. docs/desk.md shows the table; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """Something that a visitor may do at a service."""

    READ_SERVICE = "read_service"
    WRITE_PLAN = "write_plan"
    VERIFY_PLAN = "verify_plan"
    HOLD_PLAN = "hold_plan"
    """Keep a plan beyond its retention, for a legal case."""
    UPLOAD_ROSTER = "upload_roster"
    REQUEST_EXCEPTION = "request_exception"
    APPROVE_EXCEPTION = "approve_exception"
    DECIDE_COACHING = "decide_coaching"
    CHECK_ROTG = "check_rotg"
    READ_AUDIT = "read_audit"


class Position(StrEnum):
    """What a visitor is to a service."""

    TEAM_LEADER = "team_leader"
    """Leads a team of the service."""
    COORDINATOR = "coordinator"
    """Coordinates a team of the service."""
    WFM = "wfm"
    """Workforce management of the service."""
    ADMINISTRATOR = "administrator"
    """Runs the system and is no person of the centre: sees everything and decides nothing."""


GRANTS: Mapping[Position, frozenset[Right]] = {
    Position.TEAM_LEADER: frozenset(Right) - {Right.HOLD_PLAN},
    Position.COORDINATOR: frozenset(Right),
    Position.WFM: frozenset({Right.READ_SERVICE, Right.UPLOAD_ROSTER}),
    Position.ADMINISTRATOR: frozenset({Right.READ_SERVICE, Right.READ_AUDIT}),
}


@dataclass(frozen=True)
class Visitor:
    """A signed-in user as the desk knows them."""

    user_name: str
    agent_id: str | None
    """None: an administrator of the system, who is no person of the centre."""
    name: str
    positions: Mapping[str, frozenset[Position]]
    """By service; where there is none, the visitor has no right there."""

    @property
    def is_person(self) -> bool:
        return self.agent_id is not None

    def coordinates(self) -> list[str]:
        """Where the visitor answers for all teams, not for their own alone."""
        return sorted(code for code, held in self.positions.items() if Position.COORDINATOR in held)

    def services(self, right: Right) -> list[str]:
        """Where the visitor has the right: what a page may ask the database for."""
        return sorted(code for code in self.positions if may(self, right, code))


def may(visitor: Visitor, right: Right, service_code: str) -> bool:
    """Whether a position of the visitor at the service grants the right."""
    positions = visitor.positions.get(service_code, frozenset())
    return any(right in GRANTS[position] for position in positions)
