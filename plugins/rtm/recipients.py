"""Who is told of what, by the people that the marts know. What they are told is said elsewhere."""

from __future__ import annotations

from sqlalchemy import Connection, TextClause, text

from rtm.settings import Settings

COORDINATORS = text(
    """
    select distinct trim(coordinator.email) as email
    from marts.dim_team as team
    inner join marts.dim_agent as coordinator on coordinator.agent_id = team.coordinator_id
    where team.service_code = :service_code and trim(coordinator.email) <> ''
    order by email
    """
)

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


def roster_makers(
    connection: Connection, settings: Settings, service_code: str | None
) -> list[str]:
    """Addresses of team leaders and workforce management, or the operators' where none has one."""
    return _addresses(connection, ROSTER_MAKERS, service_code) or list(settings.operators)


def _addresses(connection: Connection, who: TextClause, service_code: str | None) -> list[str]:
    return list(connection.execute(who, {"service_code": service_code}).scalars())
