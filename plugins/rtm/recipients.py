"""Who is told of what, by the people that the marts know. What they are told is said elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from rtm.positions import COORDINATES, IS_WFM, LEADS, here_at
from rtm.settings import Settings


class Agent(NamedTuple):
    """An agent at work for a service, and the team that they belong to."""

    agent_id: str
    team_code: str | None
    service_code: str


# At the clock of the marts, which may not run yet
IS_HERE = here_at("person.as_of")

# Who can be told of anything: people with an address who are still here
HERE = f"""
    with here as (
        select
            person.agent_id,
            person.role,
            person.team_code,
            trim(person.email) as email
        from marts.dim_agent as person
        left join marts.dim_service as service on service.service_code = person.service_code
        where trim(person.email) <> '' and {IS_HERE}
    )
"""

# Of one service or of all, and not the one whom it is about
COORDINATORS = text(
    f"""
    {HERE}
    select distinct person.email
    from marts.dim_team as team
    inner join here as person on {COORDINATES}
    where (cast(:service_code as text) is null or team.service_code = :service_code)
        and person.agent_id is distinct from cast(:apart_from as text)
    order by person.email
    """
)

TEAM_LEADERS = text(
    f"""
    {HERE}
    select person.email, array_agg(distinct team.team_code) as teams
    from marts.dim_team as team
    inner join here as person on {LEADS}
    where team.service_code = :service_code
    group by person.email
    order by person.email
    """
)

# The real-time function of the shift that runs: those who are there, or may still come
ON_DUTY = text(
    f"""
    {HERE}
    select distinct here.email
    from marts.fct_attendance as shift
    inner join here on here.agent_id = shift.agent_id
    where shift.service_code = :service_code
        and shift.function = 'rtfm'
        and shift.planned_start_at <= :at
        and shift.planned_end_at > :at
        -- The day before for a shift over midnight
        and shift.roster_date between cast(:at as date) - 2 and cast(:at as date) + 1
        and (
            shift.status not in ('no_show', 'absent')
            -- Nobody is known to be missing while the states of agents are behind
            or exists (
                select from marts.rpt_behind as behind
                where behind.service_code = shift.service_code and behind.what = 'agents'
            )
        )
        and shift.status <> 'excused'
        -- Nor is it a part of the shift that is excused
        and not exists (
            select from marts.fct_exception as exception
            where exception.agent_id = shift.agent_id
                and exception.is_approved
                and exception.start_at <= :at
                and exception.end_at > :at
        )
    order by here.email
    """
)

# Of whom the mails at addresses of the outbox may be
SILENT_LEADER = text(
    f"""
    select exists (
        select from marts.dim_team as team
        inner join marts.dim_agent as person on {LEADS}
        left join marts.dim_service as service on service.service_code = person.service_code
        where team.service_code = :service_code
            and coalesce(trim(person.email), '') = ''
            and {IS_HERE}
            and exists (
                select from marts.dim_agent_history as before
                where before.agent_id = person.agent_id
                    and left(trim(before.email), 320) = any(:addresses)
            )
    )
    """
)

# Also those without an address: they lead all the same
LEADERS_OF_TEAMS = text(
    f"""
    select team.team_code, person.agent_id, nullif(trim(person.email), '') as email
    from marts.dim_team as team
    inner join marts.dim_agent as person on {LEADS}
    left join marts.dim_service as service on service.service_code = person.service_code
    where team.team_code = any(:teams) and {IS_HERE}
    """
)

PEOPLE = text(
    f"""
    {HERE}
    select distinct here.email from here where here.agent_id = any(:agent_ids) order by here.email
    """
)

# As addresses stand in the outbox, which cuts what is longer than any
REACHED = text(
    f"""
    {HERE}
    select distinct left(here.email, 320) from here
    where left(here.email, 320) = any(:addresses)
    """
)

# Who is here and had the address in an earlier version of the feed
RENAMED = text(
    f"""
    {HERE}
    select distinct here.email
    from marts.dim_agent_history as before
    inner join here on here.agent_id = before.agent_id
    where trim(before.email) = :address
    order by here.email
    """
)

NAMES = text("select agent_id, agent_name from marts.dim_agent where agent_id = any(:agent_ids)")

ROSTER_MAKERS = text(
    f"""
    {HERE}
    select distinct person.email
    from marts.dim_service as service
    left join marts.dim_team as team on team.service_code = service.service_code
    inner join here as person on {LEADS} or {IS_WFM}
    where service.service_code = :service_code
    order by person.email
    """
)


def coordinators(
    connection: Connection,
    settings: Settings,
    service_code: str | None,
    apart_from: str | None = None,
) -> list[str]:
    """Addresses of those who hear of a breach of a service, or of all services for None; the
    operators' where no coordinator has one. `apart_from` is the agent_id of whom it is about."""
    who = {"service_code": service_code, "apart_from": apart_from}
    found: list[str] = list(connection.execute(COORDINATORS, who).scalars())
    return found or list(settings.operators)


def on_duty(connection: Connection, service_code: str, at: datetime) -> list[str]:
    """Addresses of the real-time function that is there on shift, or of all team leaders where
    nobody is."""
    found = connection.execute(ON_DUTY, {"service_code": service_code, "at": at})
    return list(found.scalars()) or team_leaders(connection, service_code)


def team_leaders(connection: Connection, service_code: str) -> list[str]:
    """Addresses of those who lead the teams of a service."""
    return list(teams_by_leader(connection, service_code))


def teams_by_leader(connection: Connection, service_code: str) -> dict[str, list[str]]:
    """The teams of a service that each of its team leaders leads, by the leader's address."""
    found = connection.execute(TEAM_LEADERS, {"service_code": service_code})
    return {leader.email: leader.teams for leader in found}


def has_silent_leader(connection: Connection, service_code: str, addresses: Iterable[str]) -> bool:
    """Whether a team leader of a service had one of these addresses and has none now."""
    asked = {"service_code": service_code, "addresses": list(addresses)}
    found: bool = connection.execute(SILENT_LEADER, asked).scalar_one()
    return found


def leaders_of_agents(
    connection: Connection, settings: Settings, agents: Iterable[Agent]
) -> dict[Agent, list[str]]:
    """Addresses of those who hear of an agent: all who lead the team. The coordinators of the
    service where none of them has one, and where the agent leads the team."""
    wanted = set(agents)
    codes = sorted({agent.team_code for agent in wanted if agent.team_code})
    leaders: dict[str | None, list[Row[Any]]] = {}
    for leader in connection.execute(LEADERS_OF_TEAMS, {"teams": codes}):
        leaders.setdefault(leader.team_code, []).append(leader)
    told = {}
    for agent in wanted:
        leading = leaders.get(agent.team_code, [])
        is_led_by_others = all(leader.agent_id != agent.agent_id for leader in leading)
        addresses = sorted({leader.email for leader in leading if leader.email})
        told[agent] = (
            addresses
            if addresses and is_led_by_others
            else coordinators(connection, settings, agent.service_code, agent.agent_id)
        )
    return told


def people(connection: Connection, agent_ids: Iterable[str | None]) -> list[str]:
    """Addresses of people known by id; who has none, or is gone, is left out."""
    ids = [agent_id for agent_id in agent_ids if agent_id]
    return list(connection.execute(PEOPLE, {"agent_ids": ids}).scalars())


def reached(connection: Connection, settings: Settings, addresses: Iterable[str]) -> set[str]:
    """Those of the addresses that are somebody's: of who is here, or of an operator."""
    wanted = set(addresses)
    if not wanted:
        return wanted
    here = set[str](connection.execute(REACHED, {"addresses": list(wanted)}).scalars())
    return here | wanted.intersection(settings.operators)


def present_addresses(connection: Connection, address: str) -> list[str]:
    """The addresses, now, of those who had this one before."""
    return list(connection.execute(RENAMED, {"address": address}).scalars())


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
    """Addresses of the team leaders and the workforce management of a service, or the operators'
    where none has one."""
    found = connection.execute(ROSTER_MAKERS, {"service_code": service_code})
    return list(found.scalars()) or list(settings.operators)
