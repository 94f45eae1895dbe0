"""Error pages in the frame: they say what is the matter and what to do, give back what was typed,
and name no internals.

Whoever does not ask for HTML gets the status and a short JSON.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy import exc as sql
from starlette.exceptions import HTTPException

from rtm.desk.forms import SAFE_METHODS, NotGenuineError
from rtm.desk.headers import content_policy, secure
from rtm.desk.pages import ASSETS, ForbiddenError, render, speech_of
from rtm.desk.parts import desk_of
from rtm.desk.people import NoPositionError, UnknownPersonError
from rtm.desk.returning import page_to_return_to, typed_texts
from rtm.warehouse.engine import WarehouseError

log = logging.getLogger(__name__)

DOWN = (sql.OperationalError, sql.InterfaceError, sql.TimeoutError, WarehouseError)
KINDS = {
    401: "signed_out",
    403: "forbidden",
    404: "not_found",
    405: "not_allowed",
    413: "too_large",
    422: "invalid",
}


def answer_errors(app: FastAPI) -> None:
    """Gives the application its error pages."""
    handlers: dict[Any, Any] = {
        HTTPException: _http,
        RequestValidationError: _invalid,
        NotGenuineError: _not_genuine,
        ForbiddenError: _forbidden,
        UnknownPersonError: _not_a_person,
        NoPositionError: _without_position,
        sql.DataError: _unstorable,
        **dict.fromkeys(DOWN, _down),
        Exception: _broken,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _http(request: Request, error: HTTPException) -> Response:
    kind = KINDS.get(error.status_code, "not_allowed")
    return await _answer(request, error.status_code, kind, headers=error.headers or {})


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    # A path that cannot be read (/breaches/x) is a page that does not exist.
    if any(place["loc"][:1] == ("path",) for place in error.errors()):
        return await _answer(request, 404, "not_found")
    # Where it was and its name; what follows are the ways in which it could have been read.
    fields = sorted({str(place["loc"][1]) for place in error.errors() if len(place["loc"]) > 1})
    return await _answer(request, 422, "invalid", fields=", ".join(fields))


async def _not_genuine(request: Request, _: NotGenuineError) -> Response:
    return await _answer(request, 403, "not_genuine")


async def _forbidden(request: Request, error: ForbiddenError) -> Response:
    speech = speech_of(request)
    kind = "elsewhere" if error.is_elsewhere else "no_right"
    if not error.visitor.is_person:
        kind = "administrator"
    return await _answer(
        request, 403, kind, right=speech.say(f"right.{error.right}"), name=error.visitor.name
    )


async def _not_a_person(request: Request, error: UnknownPersonError) -> Response:
    kind = "ambiguous" if error.matches else "not_a_person"
    return await _answer(request, 403, kind, user=error.who.user_name)


async def _without_position(request: Request, error: NoPositionError) -> Response:
    kind = "no_position" if error.role in ("team_leader", "coordinator", "wfm") else "is_agent"
    return await _answer(
        request, 403, kind, name=error.name or error.agent_id, agent_id=error.agent_id
    )


async def _down(request: Request, error: Exception) -> Response:
    log.warning("the desk cannot reach the warehouse: %s", error)
    return await _answer(request, 503, "warehouse_down", headers={"Retry-After": "30"})


async def _unstorable(request: Request, error: sql.DataError) -> Response:
    """What came cannot be put into a query: a character that no text of the database has, a number
    beyond all numbers. Where nothing came, what is stored cannot be read, and the fault is ours."""
    if "\x00" in request.scope["path"]:
        return await _answer(request, 404, "not_found")
    if request.method in SAFE_METHODS and not request.url.query:
        log.error("what is stored cannot be read", exc_info=error)
        return await _broken(request, error)
    log.warning("a request that the warehouse cannot take: %s", error.orig)
    return await _answer(request, 422, "unstorable")


async def _broken(request: Request, _: Exception) -> Response:
    # Starlette logs the error with its traceback after this answer.
    answer = await _answer(request, 500, "broken")
    # Outside of the middleware that does so for all other answers.
    secure(answer.headers)
    return answer


async def _answer(
    request: Request,
    status: int,
    kind: str,
    headers: Any = None,
    **values: str,
) -> Response:
    speech = speech_of(request)
    values.setdefault("fields", "")
    title = speech.say(f"error.{kind}_title", **values)
    if "text/html" not in request.headers.get("Accept", ""):
        return JSONResponse({"detail": title}, status, dict(headers or {}))
    # Who is signed out may read nothing of ours, not even the style sheet: it comes with the page.
    nonce = secrets.token_urlsafe(16) if status == 401 else None
    answer = render(
        request,
        speech,
        "error.html",
        status,
        number=status,
        title=title,
        told=speech.say(f"error.{kind}_text", **values),
        sign_in=desk_of(request).doors.sign_in(page_to_return_to(request))
        if status == 401
        else None,
        typed=await typed_texts(request, speech),
        nonce=nonce,
        style=(ASSETS / "desk.css").read_text(encoding="utf-8") if nonce else "",
    )
    answer.headers.update(headers or {})
    if nonce:
        answer.headers["Content-Security-Policy"] = content_policy(nonce)
    return answer
