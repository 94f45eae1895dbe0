"""The addresses of coaching.

What may follow what is said by `rtm.coaching.lifecycle`. Who reads here has the right to decide at
the service; who decides leads or coordinates the agent's team as well.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from sqlalchemy import Connection, Row
from starlette.datastructures import FormData

from rtm.audit import ChangedMeanwhileError
from rtm.coaching import Change, change_coaching
from rtm.coaching.lifecycle import MOVES, Action, CoachingError
from rtm.desk import coaching_page, state
from rtm.desk.pages import ForbiddenError, Page, known_number, requires
from rtm.desk.rights import Right
from rtm.desk.typed import Posted, seen_revision, typed_text
from rtm.recipients import name_of

router = APIRouter()

Deciding = Annotated[Page, Depends(requires(Right.DECIDE_COACHING))]
OF_PEOPLE = tuple(action for action in Action if action is not Action.WITHDRAW)


@router.get("/coaching")
def list_coaching(
    page: Deciding,
    service: Annotated[str, Query(max_length=200)] = "",
    team: Annotated[str, Query(max_length=200)] = "",
    block: Annotated[Literal["", "proposed", "issued", "in_force"], Query()] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    of_visitor = page.services(Right.DECIDE_COACHING)
    with page.connection() as connection:
        blocks = coaching_page.read_blocks(connection, page.visitor, service, team, block, number)
        services = state.read_services(connection, of_visitor)
        teams = coaching_page.read_teams(connection, of_visitor)
        clock = state.read_clock(connection)
    return page.render(
        "coaching.html",
        blocks=blocks,
        services=services,
        teams=teams,
        service=service,
        team=team,
        as_of=clock.as_of,
    )


@router.get("/coaching/agents/{agent_id:path}")
def show_agent(page: Deciding, agent_id: str, done: Annotated[str, Query()] = "") -> Response:
    with page.connection() as connection:
        return _page(connection, page, agent_id, taken=done if done in OF_PEOPLE else "")


@router.post("/coaching/{coaching_id}/{action}")
def decide(page: Deciding, form: Posted, coaching_id: int, action: Action) -> Response:
    """Takes one decision. Where it cannot be taken, the page comes back with what was typed."""
    with page.connection() as connection:
        step = _found(connection, page, coaching_id)
    if action not in OF_PEOPLE:
        raise HTTPException(404)
    if page.visitor.agent_id is None or not step.is_mine:
        raise ForbiddenError(Right.DECIDE_COACHING, page.visitor, is_elsewhere=True)
    change = Change(
        *(action, page.visitor.agent_id, page.desk.now()),
        seen_revision(form),
        typed_text(form, "step"),
        typed_text(form, "note"),
    )
    try:
        with page.connection(writes=True) as connection:
            change_coaching(connection, coaching_id, change)
    except CoachingError as error:
        return _again(page, step, form, action, 422, error.reason)
    except ChangedMeanwhileError as error:
        at = f"{error.at.astimezone(ZoneInfo(step.timezone)):%H:%M:%S %Z}"
        return _again(page, step, form, action, 409, "changed_meanwhile", (error.by, at))
    return page.to(f"/coaching/agents/{step.agent_id}?done={action.value}")


def _found(connection: Connection, page: Page, coaching_id: int) -> Row[Any]:
    step = coaching_page.read_step(connection, page.visitor, known_number(coaching_id))
    # A step of another service is none that this visitor knows of.
    if step is None:
        raise HTTPException(404)
    return step


def _again(
    page: Page,
    step: Row[Any],
    form: FormData,
    action: Action,
    status: int,
    reason: str,
    details: tuple[str, ...] = (),
) -> Response:
    with page.connection() as connection:
        if reason == "changed_meanwhile":
            details = (name_of(connection, details[0]), *details[1:])
        problem = {
            "reason": reason,
            "details": details,
            "coaching_id": step.coaching_id,
            "action": action,
            "note": typed_text(form, "note") or "",
            "step": typed_text(form, "step") or "",
        }
        return _page(connection, page, step.agent_id, problem, status)


def _page(
    connection: Connection,
    page: Page,
    agent_id: str,
    problem: dict[str, Any] | None = None,
    status: int = 200,
    taken: str = "",
) -> Response:
    agent = coaching_page.read_agent(connection, agent_id.replace("\x00", ""))
    if agent is None:
        raise HTTPException(404)
    facts = coaching_page.read_agent_page(connection, page.visitor, agent.agent_id)
    if not facts.steps:
        page.insist(Right.DECIDE_COACHING, agent.service_code or "")
    clock = state.read_clock(connection)
    return page.render(
        "coaching_agent.html",
        status,
        agent=agent,
        facts=facts,
        problem=problem,
        taken=taken,
        needs_note={action for action, move in MOVES.items() if move.needs_note},
        is_self=agent.agent_id == page.visitor.agent_id,
        as_of=clock.as_of,
    )
