"""Who may do what: the one place that says it, as data.

A right holds at a service. A visitor has a position at a service (by the feeds `agent`, `team` and
the roster, see `people`), and a position grants rights. Nothing here asks the database, and no page
decides for itself. docs/desk.md shows the table; a test compares the two.

What is about single agents asks for their team as well, by one of two rules: `teams_of_the_day` for
what the day needs decided now (exceptions, rounds of the floor), `own_teams` for what is personal
(coaching).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    RTFM = "rtfm"
    """On shift in the real-time function of the service: writes its plans, whatever their role."""


GRANTS: Mapping[Position, frozenset[Right]] = {
    Position.TEAM_LEADER: frozenset(Right) - {Right.HOLD_PLAN},
    Position.COORDINATOR: frozenset(Right),
    Position.WFM: frozenset({Right.READ_SERVICE, Right.UPLOAD_ROSTER}),
    Position.ADMINISTRATOR: frozenset({Right.READ_SERVICE, Right.READ_AUDIT}),
    Position.RTFM: frozenset({Right.READ_SERVICE, Right.WRITE_PLAN, Right.VERIFY_PLAN}),
}


@dataclass(frozen=True)
class Team:
    """A team of a service, and what the visitor is to it."""

    team_code: str
    service_code: str
    is_led: bool
    is_coordinated: bool


@dataclass(frozen=True)
class Visitor:
    """A signed-in user as the desk knows them."""

    user_name: str
    agent_id: str | None
    """None: an administrator of the system, who is no person of the centre."""
    name: str
    positions: Mapping[str, frozenset[Position]]
    """By service; where there is none, the visitor has no right there."""
    teams: Sequence[Team] = ()
    """Of the services where the visitor leads or coordinates a team."""

    @property
    def is_person(self) -> bool:
        return self.agent_id is not None

    def teams_of_the_day(self) -> list[str]:
        """For whose agents the visitor acts in what the day needs: the teams that they lead, and
        all teams of a service of which they coordinate one. Whoever is there has to be able to."""
        coordinated = {team.service_code for team in self.teams if team.is_coordinated}
        return [
            team.team_code for team in self.teams if team.is_led or team.service_code in coordinated
        ]

    def own_teams(self) -> list[str]:
        """For whose agents the visitor decides what is personal: led or coordinated by them."""
        return [team.team_code for team in self.teams if team.is_led or team.is_coordinated]

    def coordinated_services(self) -> list[str]:
        """Of which they coordinate a team: who is at work there with a team of another service, or
        has moved to one, is left to nobody else."""
        return sorted({team.service_code for team in self.teams if team.is_coordinated})

    def services(self, right: Right) -> list[str]:
        """Where the visitor has the right: what a page may ask the database for."""
        return sorted(code for code in self.positions if may(self, right, code))


def may(visitor: Visitor, right: Right, service_code: str) -> bool:
    """Whether a position of the visitor at the service grants the right."""
    positions = visitor.positions.get(service_code, frozenset())
    return any(right in GRANTS[position] for position in positions)


def is_theirs(service_code: str) -> str:
    """A condition in SQL, by the same rules: what is about somebody of the `team` who works for the
    service is for the visitor to decide. Asks for `:teams`, whose agents they decide about, and
    `:coordinated`, the services that they coordinate."""
    return f"""
    (
        coalesce(team.team_code = any(:teams), false)
        or team.service_code is distinct from {service_code}
        and {service_code} = any(:coordinated)
    )
    """
