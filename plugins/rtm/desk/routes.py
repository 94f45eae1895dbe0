"""The addresses of the desk that read, the choice of language, and the files a page needs.

A route is wiring: which right, which facts, which template.
"""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from rtm.desk import breaches, state
from rtm.desk.breach_page import read_breach_page
from rtm.desk.breaches import PAGE_SIZE, Wanted
from rtm.desk.language import COOKIE
from rtm.desk.pages import ASSETS, Reading, asset_version, known_number
from rtm.desk.returning import is_path_of_ours, root_of
from rtm.desk.rights import Right
from rtm.desk.today import read_today
from rtm.recovery.lifecycle import Status
from rtm.settings import Language

router = APIRouter()


MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PLAN_STATUSES = ("open", *Status)
A_YEAR_S = 365 * 24 * 3600


@router.get("/")
def today(page: Reading) -> Response:
    with page.connection() as connection:
        facts = read_today(connection, page.visitor)
    return page.render("today.html", today=facts)


@router.get("/breaches")
def list_breaches(
    page: Reading,
    service: Annotated[str, Query(max_length=200)] = "",
    state_: Annotated[Literal["", "open", "cleared"], Query(alias="state")] = "",
    plan: Annotated[Status | Literal["", "open"], Query()] = "",
    # An empty field of the form is no date.
    day: date | Literal[""] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    is_open = None if not state_ else state_ == "open"
    wanted = Wanted(service, is_open, plan, day or None, number)
    with page.connection() as connection:
        services = state.read_services(connection, page.services())
        rows = breaches.read_list(connection, page.services(), wanted)
        months = breaches.read_months(connection, page.services())
        clock = state.read_clock(connection)
    found = rows[0].found if rows else 0
    return page.render(
        "breaches.html",
        services=services,
        breaches=rows,
        wanted=wanted,
        state=state_,
        found=found,
        # On another page, or among those that cleared, a breach that comes is not a new one.
        tells_new=number == 1 and state_ != "cleared" and not plan,
        last_page=max(1, -(-found // PAGE_SIZE)),
        plan_statuses=PLAN_STATUSES,
        months=months,
        as_of=clock.as_of,
    )


@router.get("/breaches/{breach_id}")
def show_breach(page: Reading, breach_id: int) -> Response:
    with page.connection() as connection:
        breach = breaches.read_one(connection, known_number(breach_id))
        if breach is None:
            raise HTTPException(404)
        page.insist(Right.READ_SERVICE, breach.service_code)
        facts = read_breach_page(connection, breach)
    return page.render(
        "breach.html",
        facts=facts,
        breach=breach,
        plan_facts=breach.facts or {},
        now=page.desk.now(),
        may_upload=page.may(Right.UPLOAD_ROSTER, breach.service_code),
    )


@router.post("/language")
def choose_language(
    request: Request,
    language: Annotated[Language, Form()],
    back: Annotated[str, Form()] = "",
) -> Response:
    """For the browser, not the user: a shared machine keeps it."""
    root = root_of(request)
    answer = RedirectResponse(back if is_path_of_ours(root, back) else f"{root}/", 303)
    answer.set_cookie(
        COOKIE,
        language,
        max_age=A_YEAR_S,
        path=root or "/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get("/assets/{name}")
def asset(name: str, v: str = "") -> Response:
    path = ASSETS / PurePosixPath(name).name
    if path.suffix not in MEDIA_TYPES or path.name != name or not path.is_file():
        raise HTTPException(404)
    # The address changes with the file; one that was typed without its version is asked for anew.
    kept = v == asset_version(name)
    caching = f"private, max-age={A_YEAR_S}, immutable" if kept else "no-cache"
    return FileResponse(
        path, media_type=MEDIA_TYPES[path.suffix], headers={"Cache-Control": caching}
    )
