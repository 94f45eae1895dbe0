"""The addresses of recovery plans.

What may follow what is said by `rtm.recovery.lifecycle`; here each step asks for a right as well.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Query, Response
from sqlalchemy import Connection, RowMapping
from starlette.datastructures import FormData

from rtm.audit import ChangedMeanwhileError, insist_unchanged
from rtm.desk.pages import Page, Reading, known_number
from rtm.desk.plan_page import (
    COLUMNS,
    as_typed,
    changes_of,
    differing,
    find_plan,
    insist_on_colleague,
    read_colleagues,
    read_content,
    read_plan_page,
    typed_in,
    verifiers,
)
from rtm.desk.plan_turns import ONWARDS, RIGHT_FOR, may_take
from rtm.desk.rights import Right
from rtm.desk.typed import Posted, seen_revision, typed_text
from rtm.recipients import name_of
from rtm.recovery.changing import SUBJECT, Change, change_plan, standing
from rtm.recovery.form import month_as_workbook, plan_as_pdf, plans_of_month
from rtm.recovery.lifecycle import MOST, MOST_WHYS, STEPS, Action, Cause, PlanError, allowed
from rtm.roster.cells import XLSX

router = APIRouter()

MONTH = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"


@router.get("/plans/month.xlsx")
def plans_of_a_month(
    page: Reading,
    month: Annotated[str, Query(pattern=MONTH)],
    service: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The plans that were made in a month, of one service or of all that the visitor may read: the
    record that SOP 10 puts into the team leader's charge."""
    if service:
        page.insist(Right.READ_SERVICE, service)
    first = date.fromisoformat(f"{month}-01")
    with page.connection() as connection:
        plans = plans_of_month(connection, first, [service] if service else page.services())
        content = month_as_workbook(connection, plans, page.speech.language)
    return _download(content, XLSX, f"recovery-plans-{month}.xlsx")


@router.get("/plans/{plan_id}")
def show_plan(page: Reading, plan_id: int, done: Annotated[str, Query()] = "") -> Response:
    with page.connection() as connection:
        plan = _found(connection, page, plan_id)
        taken = done if done in set(Action) else ""
        return _page(connection, page, plan, as_typed(plan), taken=taken)


@router.get("/plans/{plan_id}/form.pdf")
def plan_form(page: Reading, plan_id: int) -> Response:
    """The Recovery Plan form, to print or to keep."""
    with page.connection() as connection:
        plan = _found(connection, page, plan_id)
        content = plan_as_pdf(connection, plan, page.speech.language)
    return _download(content, "application/pdf", f"recovery-plan-{plan_id}.pdf")


@router.post("/plans/{plan_id}/{action}")
def change(page: Reading, form: Posted, plan_id: int, action: Action) -> Response:
    """Takes one step. Where it cannot be taken, the page comes back with what was typed."""
    with page.connection() as connection:
        plan = _found(connection, page, plan_id)
    if action not in RIGHT_FOR:
        raise HTTPException(404)
    if not may_take(page.visitor, action, plan):
        page.insist(RIGHT_FOR[action], plan["service_code"])
    try:
        with page.connection(writes=True) as connection:
            wanted = _wanted(connection, page, form, plan, action)
            change_plan(connection, page.desk.settings, plan_id, wanted)
    except PlanError as error:
        return _again(page, plan_id, form, action, 422, error.reason, error.details)
    except ChangedMeanwhileError as error:
        at = error.at.astimezone(ZoneInfo(plan["timezone"]))
        details = (error.by, f"{at:%H:%M:%S %Z}")
        return _again(page, plan_id, form, action, 409, "changed_meanwhile", details)
    return page.to(f"/plans/{plan_id}?done={action.value}")


def _download(content: bytes, media_type: str, name: str) -> Response:
    """A file under a name that is made here, of letters that need no quoting."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _found(connection: Connection, page: Page, plan_id: int) -> RowMapping:
    plan = find_plan(connection, known_number(plan_id))
    page.insist(Right.READ_SERVICE, plan["service_code"])
    return plan


def _wanted(
    connection: Connection, page: Page, form: FormData, plan: RowMapping, action: Action
) -> Change:
    content = None
    # Before what was typed is judged: a form that comes back has the newest revision, and whoever
    # sends it once more must have been told whose text it replaces.
    seen = seen_revision(form)
    insist_unchanged(connection, SUBJECT, plan["plan_id"], plan["revision"], seen)
    if action in (Action.WRITE, Action.SUBMIT):
        content = read_content(form, plan, page.desk.now())
        insist_on_colleague(content, read_colleagues(connection, plan, page.desk.now()))
    return Change(
        action,
        page.person,
        page.desk.now(),
        seen,
        content,
        typed_text(form, "note"),
    )


def _again(
    page: Page,
    plan_id: int,
    form: FormData,
    action: Action,
    status: int,
    reason: str,
    details: tuple[str, ...],
) -> Response:
    with page.connection() as connection:
        plan = _found(connection, page, plan_id)
        if reason == "changed_meanwhile":
            details = (name_of(connection, details[0]), *details[1:])
        typed = as_typed(plan) | {name: str(value) for name, value in form.items()}
        mine = typed_in(form)
        problem = {"reason": reason, "details": details, "action": action, "typed": mine}
        return _page(connection, page, plan, typed, problem, status)


def _page(
    connection: Connection,
    page: Page,
    plan: RowMapping,
    typed: dict[str, str],
    problem: dict[str, Any] | None = None,
    status: int = 200,
    taken: str = "",
) -> Response:
    me = page.visitor.agent_id or ""
    offered = [
        action
        for action in allowed(standing(plan), me)
        if may_take(page.visitor, action, plan)
        and (action not in (Action.HOLD, Action.RELEASE) or _holds(plan, action))
    ]
    facts = read_plan_page(connection, plan, page.desk.now())
    is_behind = problem is not None and problem["reason"] == "changed_meanwhile"
    # Where its step is offered no more, what was typed stands nowhere else on the page.
    mine = problem["typed"] if problem and (is_behind or problem["action"] not in offered) else {}
    return page.render(
        "plan.html",
        status,
        facts=facts,
        plan=plan,
        plan_facts=plan["facts"],
        now=page.desk.now(),
        typed=typed,
        problem=problem,
        mine=mine,
        stored=differing(plan, typed, facts.history) if is_behind else {},
        changes_of=changes_of,
        columns=COLUMNS,
        taken=taken,
        offered=offered,
        waits_for_others=not set(ONWARDS).intersection(offered),
        may_upload=page.may(Right.UPLOAD_ROSTER, plan["service_code"]),
        is_own=me in plan["contributors"],
        has_verifier=bool(verifiers(facts.colleagues) - {me, *plan["contributors"]}),
        needs_note={action for action, step in STEPS.items() if step.needs_note},
        causes=list(Cause),
        whys=list(range(1, MOST_WHYS + 1)),
        most=MOST,
    )


def _holds(plan: RowMapping, action: Action) -> bool:
    """A plan is put on hold once, and released while it is held."""
    is_held: bool = plan["is_on_legal_hold"]
    return is_held is (action is Action.RELEASE)
