"""Finds the person of the centre behind a signed-in user, and the person's positions.

The feeds decide, not Airflow: `agent` says who somebody is and since when, `team` who leads and
coordinates. What a position may do is said in `rights`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.desk.identity import SignedIn
from rtm.desk.rights import Position, Visitor

# By the wall clock of the person's service: a stale warehouse lets nobody in who has left.
MATCHING = text(
    """
    select distinct agent.agent_id, agent.agent_name, agent.role, agent.team_code
    from marts.dim_agent as agent
    left join marts.dim_service as service on service.service_code = agent.service_code
    where (agent.agent_id = :user_name or lower(trim(agent.email)) = any(:emails))
        and (cast(:now as timestamptz) at time zone coalesce(service.timezone, 'UTC'))::date
        between agent.valid_from and coalesce(agent.valid_to, 'infinity')
    """
)

SERVICES = text(
    """
    select
        service.service_code,
        coalesce(bool_or(team.team_leader_id = :agent_id), false) as leads,
        coalesce(bool_or(team.coordinator_id = :agent_id), false) as coordinates,
        coalesce(bool_or(team.team_code = :team_code), false) as belongs_to
    from marts.dim_service as service
    left join marts.dim_team as team on team.service_code = service.service_code
    group by service.service_code
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
    services = connection.execute(
        SERVICES,
        {
            "agent_id": person.agent_id if person else None,
            "team_code": person.team_code if person else None,
        },
    ).all()
    if person is None:
        everywhere = {service.service_code: {Position.ADMINISTRATOR} for service in services}
        return _visitor(who, None, who.user_name, everywhere)
    positions = {service.service_code: _positions(person, service) for service in services}
    if not any(positions.values()):
        raise NoPositionError(who.user_name, person.agent_id, person.agent_name, person.role)
    return _visitor(who, person.agent_id, person.agent_name, positions)


def _emails(who: SignedIn) -> list[str]:
    """Where users sign in with their address, it is their name."""
    told = (who.email or "", who.user_name if "@" in who.user_name else "")
    return [address.strip().lower() for address in told if address.strip()]


def _positions(person: Row[Any], service: Row[Any]) -> set[Position]:
    if person.role == "wfm":
        return {Position.WFM} if service.belongs_to or person.team_code is None else set()
    if person.role not in ("team_leader", "coordinator"):
        return set()
    positions = set()
    if service.leads:
        positions.add(Position.TEAM_LEADER)
    if service.coordinates:
        positions.add(Position.COORDINATOR)
    return positions


def _visitor(
    who: SignedIn, agent_id: str | None, name: str, positions: dict[str, set[Position]]
) -> Visitor:
    held = {code: frozenset(there) for code, there in positions.items() if there}
    return Visitor(who.user_name, agent_id, name or agent_id or who.user_name, held)
