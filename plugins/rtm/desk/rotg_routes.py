"""The addresses of the ROTG checklist: what is to be checked, a round, what was found.

What a round needs is said by `rtm.floor.rounds`. Who reads here has the right to check at the
service; who records or voids answers for the team as well.
"""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from sqlalchemy import Connection, Row

from rtm.audit import ChangedMeanwhileError
from rtm.desk import rotg_page, state
from rtm.desk.pages import LARGEST_NUMBER, ForbiddenError, Page, known_number, requires
from rtm.desk.rights import Right
from rtm.desk.rotg_page import FormFacts
from rtm.desk.typed import Posted, typed_text
from rtm.floor.rounds import (
    RECORDED_FOR,
    Round,
    RoundError,
    TeamShift,
    is_open,
    record_round,
    void_round,
)
from rtm.recipients import name_of

router = APIRouter()

Checking = Annotated[Page, Depends(requires(Right.CHECK_ROTG))]
STEPS = ("check", "void")


@router.get("/rotg")
def list_rounds(
    page: Checking, before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None
) -> Response:
    with page.connection() as connection:
        clock = state.read_clock(connection)
        listed = rotg_page.read_list(connection, page.visitor, clock.as_of, before)
        services = state.read_services(connection, page.services(Right.CHECK_ROTG))
    return page.render(
        "rotg.html",
        listed=listed,
        is_newest=before is None,
        as_of=clock.as_of,
        zone=services[0].timezone if services else "UTC",
        recorded_for_s=RECORDED_FOR.total_seconds(),
    )


@router.get("/rotg/new")
def new_round(page: Checking, request: Request) -> Response:
    with page.connection() as connection:
        facts = _facts(connection, page, rotg_page.typed_shift(request.query_params))
    every_item = frozenset(item.item_code for item in facts.items)
    return _form(page, facts, Round(_of(facts), every_item))


@router.post("/rotg")
def take_round(page: Checking, form: Posted) -> Response:
    """Records a round; where it cannot be, the form comes back as it was filled in."""
    with page.connection() as connection:
        facts = _facts(connection, page, rotg_page.typed_shift(form))
    made, seen = rotg_page.typed_round(form, _of(facts))
    on_duty = {person.agent_id for person in facts.people}
    checklist = {item.item_code for item in facts.items}
    try:
        if not _is_open(facts):
            raise RoundError("shift_closed")
        with page.connection(writes=True) as connection:
            me, now = page.person, page.desk.now()
            round_id = record_round(connection, made, on_duty, checklist, seen, me, now)
    except RoundError as error:
        return _form(page, facts, made, {"reason": error.reason}, 422)
    except ChangedMeanwhileError as error:
        return _again(page, made, error)
    return page.to(f"/rotg/{round_id}?done=check")


@router.get("/rotg/{round_id}")
def show_round(page: Checking, round_id: int, done: Annotated[str, Query()] = "") -> Response:
    with page.connection() as connection:
        found = _found(connection, page, round_id)
        return _page(connection, page, found, taken=done if done in STEPS else "")


@router.post("/rotg/{round_id}/void")
def void(page: Checking, form: Posted, round_id: int) -> Response:
    """Takes a round out of account. Where it cannot be, the page comes back with what was typed."""
    with page.connection() as connection:
        found = _found(connection, page, round_id)
    if not found.is_mine:
        raise ForbiddenError(Right.CHECK_ROTG, page.visitor, is_elsewhere=True)
    reason = typed_text(form, "reason")
    try:
        with page.connection(writes=True) as connection:
            void_round(connection, round_id, page.person, page.desk.now(), reason)
    except RoundError as error:
        problem = {"reason": error.reason, "typed": reason or ""}
        with page.connection() as connection:
            return _page(connection, page, _found(connection, page, round_id), problem, 422)
    return page.to(f"/rotg/{round_id}?done=void")


def _facts(connection: Connection, page: Page, of: TeamShift | None) -> FormFacts:
    """Of a team that the visitor answers for."""
    if of is None:
        raise HTTPException(404)
    page.insist(Right.CHECK_ROTG, of.service_code)
    facts = rotg_page.read_form(connection, page.visitor, of)
    if facts is None:
        raise HTTPException(404)
    if not facts.shift.is_mine:
        raise ForbiddenError(Right.CHECK_ROTG, page.visitor, is_elsewhere=True)
    return facts


def _of(facts: FormFacts) -> TeamShift:
    shift = facts.shift
    return TeamShift(shift.service_code, shift.roster_date, shift.shift_code, shift.team_code)


def _is_open(facts: FormFacts) -> bool:
    shift = facts.shift
    return is_open(shift.planned_start_at, shift.planned_end_at, shift.as_of)


def _found(connection: Connection, page: Page, round_id: int) -> Row[Any]:
    found = rotg_page.find_round(connection, page.visitor, known_number(round_id))
    # A round of another service is none that this visitor knows of.
    if found is None:
        raise HTTPException(404)
    return found


def _again(page: Page, made: Round, error: ChangedMeanwhileError) -> Response:
    """The form once more, for one who now knows of the other's round."""
    with page.connection() as connection:
        facts = _facts(connection, page, made.of)
        by = name_of(connection, error.by)
    at = f"{error.at.astimezone(ZoneInfo(facts.shift.timezone)):%H:%M:%S %Z}"
    problem = {"reason": "changed_meanwhile", "by": by, "at": at, "round_id": facts.newest}
    return _form(page, facts, made, problem, 409)


def _form(
    page: Page,
    facts: FormFacts,
    made: Round,
    problem: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    return page.render(
        "rotg_new.html",
        status,
        facts=facts,
        shift=facts.shift,
        is_open=_is_open(facts),
        made=made,
        recorded_for_s=RECORDED_FOR.total_seconds(),
        ticked=[f"{item}:{agent_id}" for agent_id, item in made.found],
        problem=problem,
    )


def _page(
    connection: Connection,
    page: Page,
    found: Row[Any],
    problem: dict[str, str] | None = None,
    status: int = 200,
    taken: str = "",
) -> Response:
    facts = rotg_page.read_round_page(connection, page.visitor, found)
    is_own = page.visitor.agent_id in {finding.agent_id for finding in facts.findings}
    return page.render(
        "rotg_round.html",
        status,
        made=found,
        facts=facts,
        is_own=is_own,
        may_void=found.is_mine and not found.is_voided and not is_own,
        problem=problem,
        taken=taken,
    )
