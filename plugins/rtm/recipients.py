"""Who is told of what, by the people that the marts know. What they are told is said elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, TextClause, text

from rtm.settings import Settings

# Those whom the teams of a service name in one column
NAMED_BY_TEAMS = """
    select distinct trim(person.email) as email
    from marts.dim_team as team
    inner join marts.dim_agent as person on person.agent_id = team.{column}
    where team.service_code = :service_code and trim(person.email) <> ''
    order by email
    """

COORDINATORS = text(NAMED_BY_TEAMS.format(column="coordinator_id"))
TEAM_LEADERS = text(NAMED_BY_TEAMS.format(column="team_leader_id"))

# Of all services, who works here on that day
ALL_COORDINATORS = text(
    """
    select distinct trim(person.email) as email
    from marts.dim_team as team
    inner join marts.dim_agent as person on person.agent_id = team.coordinator_id
    where trim(person.email) <> ''
        and :today between coalesce(person.valid_from, '-infinity')
        and coalesce(person.valid_to, 'infinity')
    order by email
    """
)

# The real-time function of the shift that runs
ON_DUTY = text(
    """
    select distinct trim(person.email) as email
    from marts.fct_attendance as shift
    inner join marts.dim_agent as person on person.agent_id = shift.agent_id
    where shift.service_code = :service_code
        and shift.function = 'rtfm'
        and shift.planned_start_at <= :at
        and shift.planned_end_at > :at
        -- The day before for a shift over midnight
        and shift.roster_date between cast(:at as date) - 2 and cast(:at as date) + 1
        and trim(person.email) <> ''
    order by email
    """
)

LEADERS_OF_TEAMS = text(
    """
    select team.team_code, trim(leader.email) as email
    from marts.dim_team as team
    inner join marts.dim_agent as leader on leader.agent_id = team.team_leader_id
    where team.team_code = any(:teams) and trim(leader.email) <> ''
    """
)

PEOPLE = text(
    """
    select distinct trim(email) as email from marts.dim_agent
    where agent_id = any(:agent_ids) and trim(email) <> ''
    order by email
    """
)

NAMES = text("select agent_id, agent_name from marts.dim_agent where agent_id = any(:agent_ids)")

ROSTER_MAKERS = text(
    """
    select distinct person.email
    from marts.dim_team as team
    inner join marts.dim_agent as person
        on person.agent_id = team.team_leader_id
        or (person.role = 'wfm' and person.team_code = team.team_code)
    where team.service_code = :service_code and person.email is not null
    order by person.email
    """
)


def coordinators(connection: Connection, settings: Settings, service_code: str) -> list[str]:
    """Addresses of those who hear of a breach, or the operators' where no coordinator has one."""
    return _addresses(connection, COORDINATORS, service_code) or list(settings.operators)


def all_coordinators(connection: Connection, settings: Settings, today: date) -> list[str]:
    """Addresses of the coordinators of all services who are active today, or the operators'."""
    found: list[str] = list(connection.execute(ALL_COORDINATORS, {"today": today}).scalars())
    return found or list(settings.operators)


def on_duty(connection: Connection, service_code: str, at: datetime) -> list[str]:
    """Addresses of the real-time function on shift, or of all team leaders where there is none."""
    found = connection.execute(ON_DUTY, {"service_code": service_code, "at": at})
    return list(found.scalars()) or team_leaders(connection, service_code)


def team_leaders(connection: Connection, service_code: str) -> list[str]:
    """Addresses of those who lead the teams of a service."""
    return _addresses(connection, TEAM_LEADERS, service_code)


def leaders_of_teams(
    connection: Connection, settings: Settings, teams: Iterable[tuple[str | None, str]]
) -> dict[tuple[str | None, str], list[str]]:
    """Addresses of those who lead each team, by team and the service that it works for; the
    coordinators' of the service where a team has no leader with an address."""
    wanted = set(teams)
    codes = sorted({team for team, _ in wanted if team})
    leaders = connection.execute(LEADERS_OF_TEAMS, {"teams": codes}).all()
    by_team = {leader.team_code: [leader.email] for leader in leaders}
    return {
        (team, service): by_team.get(team) or coordinators(connection, settings, service)
        for team, service in wanted
    }


def people(connection: Connection, agent_ids: Iterable[str | None]) -> list[str]:
    """Addresses of people known by id; who has none is left out."""
    ids = [agent_id for agent_id in agent_ids if agent_id]
    return list(connection.execute(PEOPLE, {"agent_ids": ids}).scalars())


def names_of(connection: Connection, agent_ids: Iterable[str]) -> dict[str, str]:
    """The names of people by id; the id itself where nobody is known under it."""
    ids = list(agent_ids)
    found = connection.execute(NAMES, {"agent_ids": ids}).all()
    known = {person.agent_id: person.agent_name for person in found}
    return {agent_id: known.get(agent_id) or agent_id for agent_id in ids}


def name_of(connection: Connection, agent_id: str) -> str:
    """The name of one person."""
    return names_of(connection, [agent_id])[agent_id]


def roster_makers(
    connection: Connection, settings: Settings, service_code: str | None
) -> list[str]:
    """Addresses of team leaders and workforce management, or the operators' where none has one."""
    return _addresses(connection, ROSTER_MAKERS, service_code) or list(settings.operators)


def _addresses(connection: Connection, who: TextClause, service_code: str | None) -> list[str]:
    return list(connection.execute(who, {"service_code": service_code}).scalars())
