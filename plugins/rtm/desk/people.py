"""Finds the person of the centre behind a signed-in user, and the person's positions.

The feeds decide, not Airflow: `agent` says who somebody is and since when, and whose team they are
of, `team` who leads and coordinates, the published roster who has the real-time function. What a
position may do is said in `rights`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.desk.identity import SignedIn
from rtm.desk.rights import Position, Team, Visitor
from rtm.positions import COORDINATES, IS_WFM, LEADS, here_at

# By the wall clock: a stale warehouse lets nobody in who has left.
MATCHING = text(
    f"""
    select distinct person.agent_id, person.agent_name, person.role
    from marts.dim_agent as person
    left join marts.dim_service as service on service.service_code = person.service_code
    where (person.agent_id = :user_name or lower(trim(person.email)) = any(:emails))
        and {here_at("cast(:now as timestamptz)")}
    """
)

# A service without a team has one row, without a team.
TEAMS = text(
    f"""
    select
        service.service_code,
        team.team_code,
        coalesce({LEADS}, false) as is_led,
        coalesce({COORDINATES}, false) as is_coordinated,
        coalesce({IS_WFM}, false) as is_wfm
    from marts.dim_service as service
    left join marts.dim_team as team on team.service_code = service.service_code
    left join marts.dim_agent as person on person.agent_id = cast(:agent_id as text)
    order by service.service_code, team.team_code
    """
)

HELD = {
    Position.TEAM_LEADER: "is_led",
    Position.COORDINATOR: "is_coordinated",
    Position.WFM: "is_wfm",
}
"""Each position at a service, and what somebody is to one of its teams who has it."""

DUTY_AROUND = timedelta(hours=1)
"""So long before and after their shift the real-time function has its rights: who comes reads up
on the day, and who goes finishes the plan that fell into the last minutes of the shift."""

# Whoever the mail of a breach goes to (`rtm.recipients`), with the time around the shift
ON_DUTY = text(
    """
    select distinct shift.service_code
    from marts.fct_attendance as shift
    where shift.agent_id = :agent_id
        and shift.function = 'rtfm'
        and shift.planned_start_at <= :begins_before
        and shift.planned_end_at > :ends_after
        -- The day before for a shift over midnight; a day on each side for the zones
        and shift.roster_date between cast(:now as date) - 2 and cast(:now as date) + 2
    """
)


class UnknownPersonError(Exception):
    """The user is nobody of the `agent` feed, or could be more than one."""

    def __init__(self, who: SignedIn, matches: int) -> None:
        super().__init__(who.user_name)
        self.who = who
        self.matches = matches


class NoPositionError(Exception):
    """A person who has no position at any service."""

    def __init__(self, user_name: str, agent_id: str, name: str, role: str) -> None:
        super().__init__(agent_id)
        self.user_name = user_name
        self.agent_id = agent_id
        self.name = name
        self.role = role


def find_visitor(connection: Connection, who: SignedIn, now: datetime) -> Visitor:
    """Raises UnknownPersonError or NoPositionError. An administrator need not be a person."""
    people = connection.execute(
        MATCHING, {"user_name": who.user_name, "emails": _emails(who), "now": now}
    ).all()
    # Two people with one address: to guess which of them it is would lend one the other's rights.
    if len(people) > 1:
        raise UnknownPersonError(who, len(people))
    person = people[0] if people else None
    if person is None and not who.is_administrator:
        raise UnknownPersonError(who, 0)
    teams = connection.execute(TEAMS, {"agent_id": person.agent_id if person else None}).all()
    codes = {team.service_code for team in teams}
    if person is None:
        everywhere = {code: {Position.ADMINISTRATOR} for code in codes}
        return _visitor(who, None, who.user_name, everywhere)
    on_duty = _on_duty(connection, person.agent_id, now)
    positions = {
        code: _positions([team for team in teams if team.service_code == code])
        | ({Position.RTFM} if code in on_duty else set())
        for code in codes
    }
    if not any(positions.values()):
        raise NoPositionError(who.user_name, person.agent_id, person.agent_name, person.role)
    return _visitor(who, person.agent_id, person.agent_name, positions, _teams(teams))


def _on_duty(connection: Connection, agent_id: str, now: datetime) -> set[str]:
    """The services in whose real-time function the person is, or was or will be within the hour."""
    asked = {
        "agent_id": agent_id,
        "now": now,
        "begins_before": now + DUTY_AROUND,
        "ends_after": now - DUTY_AROUND,
    }
    return set(connection.execute(ON_DUTY, asked).scalars())


def _emails(who: SignedIn) -> list[str]:
    """Where users sign in with their address, it is their name."""
    told = (who.email or "", who.user_name if "@" in who.user_name else "")
    return [address.strip().lower() for address in told if address.strip()]


def _positions(teams: Sequence[Row[Any]]) -> set[Position]:
    """At the service of these teams."""
    return {position for position, held in HELD.items() if any(getattr(of, held) for of in teams)}


def _teams(teams: Sequence[Row[Any]]) -> list[Team]:
    """All teams of the services where the person leads or coordinates one."""
    theirs = {team.service_code for team in teams if team.is_led or team.is_coordinated}
    return [
        Team(team.team_code, team.service_code, team.is_led, team.is_coordinated)
        for team in teams
        if team.service_code in theirs
    ]


def _visitor(
    who: SignedIn,
    agent_id: str | None,
    name: str,
    positions: dict[str, set[Position]],
    teams: Sequence[Team] = (),
) -> Visitor:
    held = {code: frozenset(there) for code, there in positions.items() if there}
    return Visitor(who.user_name, agent_id, name or agent_id or who.user_name, held, tuple(teams))
