"""The addresses of exceptions: what is asked for, by whom it is decided, what is in force.

What may follow what is said by `rtm.floor.exceptions`; here each step asks for a right as well.
"""

from __future__ import annotations

import logging
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection, RowMapping

from rtm.desk import exception_page, state
from rtm.desk.pages import LARGEST_NUMBER, ForbiddenError, Page, Reading, known_number, requires
from rtm.desk.rights import Right
from rtm.desk.typed import Posted, typed_text
from rtm.floor.exceptions import (
    STEPS,
    Action,
    ExceptionRequestError,
    Reason,
    allowed,
    change_request,
    request_exception,
)

router = APIRouter()
log = logging.getLogger(__name__)

RIGHT_FOR: dict[Action, Right] = {
    Action.APPROVE: Right.APPROVE_EXCEPTION,
    Action.REJECT: Right.APPROVE_EXCEPTION,
    Action.WITHDRAW: Right.REQUEST_EXCEPTION,
}
Asking = Annotated[Page, Depends(requires(Right.REQUEST_EXCEPTION))]


@router.get("/exceptions")
def list_exceptions(
    page: Reading,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
    whole: Annotated[Literal["", "waiting", "in_force"], Query(alias="all")] = "",
) -> Response:
    with page.connection() as connection:
        listed = exception_page.read_list(connection, page.visitor, before, whole)
        clock = state.read_clock(connection)
        services = state.read_services(connection, page.services())
    return page.render(
        "exceptions.html",
        listed=listed,
        is_newest=before is None,
        as_of=clock.as_of,
        zone=services[0].timezone if services else "UTC",
        may_request=bool(page.services(Right.REQUEST_EXCEPTION)),
    )


@router.get("/exceptions/new")
def new_exception(page: Asking, agent: Annotated[str, Query(max_length=200)] = "") -> Response:
    return _new(page, {"agent_id": agent})


@router.post("/exceptions")
def ask_for_exception(page: Asking, form: Posted) -> Response:
    """Puts a request up for approval; where it cannot be, the form comes back as it was typed."""
    typed = {name: str(value) for name, value in form.items()}
    try:
        with page.connection() as connection:
            people = exception_page.read_people(connection, page.visitor, page.desk.now())
            agent_id = typed_text(form, "agent_id")
            if agent_id and not exception_page.answers_for(
                connection, page.visitor, Right.REQUEST_EXCEPTION, agent_id
            ):
                raise ForbiddenError(Right.REQUEST_EXCEPTION, page.visitor, is_elsewhere=True)
        wanted = exception_page.read_wanted(form, people, page.desk.now())
        with page.connection(writes=True) as connection:
            request_id = request_exception(connection, wanted, page.person, page.desk.now())
    except ExceptionRequestError as error:
        return _new(page, typed, error, 422)
    return page.to(f"/exceptions/{request_id}?done=request")


@router.get("/exceptions/{request_id}")
def show_exception(page: Reading, request_id: int, done: Annotated[str, Query()] = "") -> Response:
    with page.connection() as connection:
        request = _found(connection, page, request_id)
        taken = done if done in {*Action, "request"} else ""
        return _page(connection, page, request, taken=taken)


@router.post("/exceptions/{request_id}/{action}")
def change_exception(page: Reading, form: Posted, request_id: int, action: Action) -> Response:
    """Takes one step. Where it cannot be taken, the page comes back with what was typed."""
    with page.connection() as connection:
        request = _found(connection, page, request_id)
        _insist(connection, page, RIGHT_FOR[action], request)
    note = typed_text(form, "note")
    reason = ""
    try:
        with page.connection(writes=True) as connection:
            me, now = page.person, page.desk.now()
            change_request(connection, page.desk.landing, request_id, action, me, now, note)
    except ExceptionRequestError as error:
        reason, status = error.reason, 422
    except OSError as error:
        log.error("the decision on request %s was not delivered: %s", request_id, error)
        reason, status = "not_delivered", 503
    if not reason:
        return page.to(f"/exceptions/{request_id}?done={action.value}")
    with page.connection() as connection:
        request = _found(connection, page, request_id)
        problem = {"reason": reason, "action": action, "note": note or ""}
        return _page(connection, page, request, problem, status)


def _found(connection: Connection, page: Page, request_id: int) -> RowMapping:
    request = exception_page.find_request(connection, page.visitor, known_number(request_id))
    page.insist(Right.READ_SERVICE, request["service_code"])
    return request


def _insist(connection: Connection, page: Page, right: Right, request: RowMapping) -> None:
    page.insist(right, request["service_code"])
    if not exception_page.answers_for(connection, page.visitor, right, request["agent_id"]):
        raise ForbiddenError(right, page.visitor, is_elsewhere=True)


def _new(
    page: Page,
    typed: dict[str, str],
    problem: ExceptionRequestError | None = None,
    status: int = 200,
) -> Response:
    with page.connection() as connection:
        people = exception_page.read_people(connection, page.visitor, page.desk.now())
    return page.render(
        "exception_new.html",
        status,
        people=people,
        reasons=list(Reason),
        typed=dict.fromkeys(("agent_id", "start_at", "end_at", "reason_code", "reason"), "")
        | typed,
        problem=problem,
    )


def _page(
    connection: Connection,
    page: Page,
    request: RowMapping,
    problem: dict[str, str] | None = None,
    status: int = 200,
    taken: str = "",
) -> Response:
    me = page.visitor.agent_id or ""
    offered = [
        action
        for action in allowed(request, me)
        if exception_page.answers_for(
            connection, page.visitor, RIGHT_FOR[action], request["agent_id"]
        )
    ]
    return page.render(
        "exception.html",
        status,
        facts=exception_page.read_request_page(connection, request),
        asked=request,
        offered=offered,
        is_own=me in (request["requested_by"], request["agent_id"]),
        needs_note={action for action, step in STEPS.items() if step.needs_note},
        problem=problem,
        taken=taken,
    )
