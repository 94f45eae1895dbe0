"""What the pages of coaching say: what waits for a decision or a follow-up, what is in force, and
the history of one agent with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, text

from rtm.coaching import read_history
from rtm.recipients import names_of

Rows = Sequence[Row[Any]]

MOST_ROWS = 200

# Whose case it is for the visitor to decide: an agent of a team that he or she leads or coordinates
STEPS = """
    select
        coaching.*,
        service.service_name,
        service.timezone,
        coalesce(agent.agent_name, coaching.agent_id) as agent_name,
        team.team_code,
        coalesce(team.team_name, '') as team_name,
        coalesce(:visitor in (team.team_leader_id, team.coordinator_id), false)
            and coaching.agent_id <> :visitor as is_mine,
        coalesce(proposed.step_name, coaching.proposed_step) as proposed_name,
        coalesce(proposed.step_name_indonesian, coaching.proposed_step)
            as proposed_name_indonesian,
        coalesce(issued.step_name, coaching.step) as step_name,
        coalesce(issued.step_name_indonesian, coaching.step) as step_name_indonesian
    from marts.fct_coaching as coaching
    inner join marts.dim_service as service on service.service_code = coaching.service_code
    left join marts.dim_agent as agent on agent.agent_id = coaching.agent_id
    left join marts.dim_team as team on team.team_code = agent.team_code
    left join marts.rpt_coaching_step as proposed
        on proposed.service_code = coaching.service_code
        and proposed.step_code = coaching.proposed_step
    left join marts.rpt_coaching_step as issued
        on issued.service_code = coaching.service_code
        and issued.step_code = coaching.step
    where coaching.service_code = any(:services)
"""

# Not yet decided, then to be followed up, then what only holds
WAITING = text(
    f"""
    {STEPS}
        and (cast(:team as text) is null or team.team_code = :team)
        and (coaching.status in ('proposed', 'issued') or coaching.is_in_force)
    order by
        array_position(array['proposed', 'issued'], coaching.status) nulls last,
        coalesce(coaching.follow_up_due_at, coaching.proposed_at),
        coaching.coaching_id
    limit :most
    """
)

MINE = text(
    f"""
    select step.* from ({STEPS}) as step
    where step.is_mine and (step.status = 'proposed' or step.is_follow_up_overdue)
    order by coalesce(step.follow_up_due_at, step.proposed_at), step.coaching_id
    limit :most
    """
)

OF_AGENT = text(
    f"""
    {STEPS}
        and coaching.agent_id = :agent_id
    order by coaching.coaching_id desc
    limit :most
    """
)

ONE = text(
    f"""
    {STEPS}
        and coaching.coaching_id = :coaching_id
    """
)

EVIDENCE = text(
    """
    select * from marts.fct_coaching_evidence
    where coaching_id = any(:steps)
    order by coaching_id, started_at, breach_id
    """
)

LADDER = text(
    """
    select service_code, step_code, step_no, step_name, step_name_indonesian
    from marts.rpt_coaching_step
    where service_code = any(:services) and is_active
    order by service_code, step_no desc, step_code
    """
)

TEAMS = text(
    """
    select team_code, team_name from marts.dim_team
    where service_code = any(:services)
    order by team_name, team_code
    """
)

AGENT = text(
    """
    select
        agent.agent_id,
        agent.agent_name,
        agent.service_code,
        coalesce(team.team_name, agent.team_code, '') as team_name
    from marts.dim_agent as agent
    left join marts.dim_team as team on team.team_code = agent.team_code
    where agent.agent_id = :agent_id
    """
)


@dataclass(frozen=True)
class AgentPage:
    """The history of one agent, newest first."""

    steps: Rows
    evidence: Mapping[int, Rows]
    """By step of coaching."""
    history: Mapping[int, Sequence[RowMapping]]
    """What was done with each step."""
    choices: Mapping[int, Rows]
    """The steps of the ladder that may be issued, the highest first: none above the proposed."""
    names: Mapping[str, str]


def read_waiting(
    connection: Connection, services: list[str], visitor: str | None, team: str
) -> Rows:
    """What is proposed, to be followed up, or in force."""
    asked = {"services": services, "visitor": visitor, "team": team or None, "most": MOST_ROWS}
    return connection.execute(WAITING, asked).all()


def read_mine(connection: Connection, services: list[str], visitor: str | None) -> Rows:
    """What is for the visitor to decide, or to follow up by now."""
    asked = {"services": services, "visitor": visitor, "most": MOST_ROWS}
    return connection.execute(MINE, asked).all()


def read_teams(connection: Connection, services: list[str]) -> Rows:
    return connection.execute(TEAMS, {"services": services}).all()


def read_agent(connection: Connection, agent_id: str) -> Row[Any] | None:
    return connection.execute(AGENT, {"agent_id": agent_id}).one_or_none()


def read_step(
    connection: Connection, services: list[str], visitor: str | None, coaching_id: int
) -> Row[Any] | None:
    """One step at these services, and whether it is for the visitor to decide (`is_mine`)."""
    asked = {"services": services, "visitor": visitor, "coaching_id": coaching_id}
    return connection.execute(ONE, asked).one_or_none()


def read_agent_page(
    connection: Connection, services: list[str], visitor: str | None, agent_id: str
) -> AgentPage:
    """All steps of an agent at these services."""
    asked = {"services": services, "visitor": visitor, "agent_id": agent_id, "most": MOST_ROWS}
    steps = connection.execute(OF_AGENT, asked).all()
    ids = [step.coaching_id for step in steps]
    evidence = connection.execute(EVIDENCE, {"steps": ids}).all()
    ladder = connection.execute(LADDER, {"services": services}).all()
    history = read_history(connection, ids)
    return AgentPage(
        steps,
        {of: [row for row in evidence if row.coaching_id == of] for of in ids},
        {of: [entry for entry in history if entry["subject_id"] == of] for of in ids},
        {
            step.coaching_id: [
                choice
                for choice in ladder
                if choice.service_code == step.service_code
                and choice.step_no <= step.proposed_step_no
            ]
            for step in steps
        },
        names_of(connection, {entry["actor"] for entry in history}),
    )
