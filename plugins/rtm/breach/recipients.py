"""Who is told of a service's breaches. What they are told, and when, is in `rtm.recovery`."""

from __future__ import annotations

from sqlalchemy import Connection, text

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


def recipients(connection: Connection, settings: Settings, service_code: str) -> list[str]:
    """The coordinators' addresses, or the operators' where no coordinator has one."""
    service = {"service_code": service_code}
    coordinators: list[str] = list(connection.execute(COORDINATORS, service).scalars())
    return coordinators or list(settings.operators)
