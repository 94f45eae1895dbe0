"""What the pages of coaching say: what waits for a decision or a follow-up, what is in force, and
the history of one agent with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, text

from rtm.coaching import read_history
from rtm.desk.rights import Right, Visitor, is_theirs
from rtm.recipients import names_of

Rows = Sequence[Row[Any]]

MOST_ROWS = 200
PAGE_SIZE = 50
"""Of each block of the list."""

# Nobody decides about themselves.
STEPS = f"""
    select
        coaching.*,
        service.service_name,
        service.timezone,
        coalesce(agent.agent_name, coaching.agent_id) as agent_name,
        team.team_code,
        coalesce(team.team_name, '') as team_name,
        {is_theirs("coaching.service_code")}
        and coaching.agent_id <> cast(:visitor as text) as is_mine,
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

# The blocks of the list; what is to be followed up may be in force as well.
BLOCKS = ("proposed", "issued", "in_force")

COUNTS = text(
    """
    select
        count(*) filter (where coaching.status = 'proposed') as proposed,
        count(*) filter (where coaching.status = 'issued') as issued,
        count(*) filter (where coaching.is_in_force) as in_force
    from marts.fct_coaching as coaching
    left join marts.dim_agent as agent on agent.agent_id = coaching.agent_id
    where coaching.service_code = any(:services)
        and (cast(:team as text) is null or agent.team_code = :team)
    """
)

BLOCK = text(
    f"""
    {STEPS}
        and (cast(:team as text) is null or agent.team_code = :team)
        and case cast(:block as text)
            when 'in_force' then coaching.is_in_force
            else coaching.status = :block
        end
    order by coalesce(coaching.follow_up_due_at, coaching.proposed_at), coaching.coaching_id
    limit :size offset :skipped
    """
)

# Without its evidence, which would be counted for every step there is
MINE = text(
    f"""
    select
        step.agent_id,
        step.agent_name,
        step.service_name,
        step.timezone,
        step.status,
        step.step,
        step.proposed_name,
        step.proposed_name_indonesian,
        step.step_name,
        step.step_name_indonesian,
        step.proposed_at,
        step.follow_up_due_at,
        count(*) over () as found
    from ({STEPS}) as step
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
class Block:
    """One page of a block of the list."""

    rows: Rows
    found: int
    """How many there are in all."""
    page: int
    last_page: int


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


def read_blocks(
    connection: Connection, visitor: Visitor, service: str, team: str, turned: str, page: int
) -> dict[str, Block]:
    """What is proposed, to be followed up, and in force, each with its first page, and that of the
    block `turned` with the asked one; empty means all services, all teams."""
    asked = {**_scope(visitor, service), "team": team or None, "size": PAGE_SIZE}
    counts = connection.execute(COUNTS, asked).one()._mapping
    blocks = {}
    for name in BLOCKS:
        last = max(1, -(-counts[name] // PAGE_SIZE))
        # A page of what was decided meanwhile may be gone: the last one there is then is shown.
        number = min(page, last) if name == turned else 1
        wanted = {**asked, "block": name, "skipped": (number - 1) * PAGE_SIZE}
        blocks[name] = Block(connection.execute(BLOCK, wanted).all(), counts[name], number, last)
    return blocks


def read_mine(connection: Connection, visitor: Visitor, most: int) -> Rows:
    """What is for the visitor to decide, or to follow up by now, at most so many."""
    return connection.execute(MINE, {**_scope(visitor), "most": most}).all()


def read_teams(connection: Connection, services: list[str]) -> Rows:
    return connection.execute(TEAMS, {"services": services}).all()


def read_agent(connection: Connection, agent_id: str) -> Row[Any] | None:
    return connection.execute(AGENT, {"agent_id": agent_id}).one_or_none()


def read_step(connection: Connection, visitor: Visitor, coaching_id: int) -> Row[Any] | None:
    """One step at the visitor's services, and whether it is theirs to decide (`is_mine`)."""
    asked = {**_scope(visitor), "coaching_id": coaching_id}
    return connection.execute(ONE, asked).one_or_none()


def read_agent_page(connection: Connection, visitor: Visitor, agent_id: str) -> AgentPage:
    """All steps of an agent at the visitor's services."""
    asked = {**_scope(visitor), "agent_id": agent_id, "most": MOST_ROWS}
    steps = connection.execute(OF_AGENT, asked).all()
    ids = [step.coaching_id for step in steps]
    evidence = connection.execute(EVIDENCE, {"steps": ids}).all()
    ladder = connection.execute(LADDER, asked).all()
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


def _scope(visitor: Visitor, service: str = "") -> dict[str, Any]:
    return {
        "services": [
            code for code in visitor.services(Right.DECIDE_COACHING) if service in ("", code)
        ],
        "teams": visitor.own_teams(),
        "coordinated": visitor.coordinated_services(),
        "visitor": visitor.agent_id,
    }
