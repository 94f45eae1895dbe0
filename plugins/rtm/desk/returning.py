"""The way back from a request that was refused: the page that it came from, and what was typed.

Who posts a form and is signed out by then, or whose form is too old, loses neither. What a page of
another site makes a browser send is not shown: it would be that site's words on a page of ours.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from rtm.desk.bodies import LARGEST_TYPED
from rtm.desk.forms import SAFE_METHODS
from rtm.speech import Speech

ELSEWHERE = "/{path:path}"
"""The route that answers what no other does."""
FORM = "application/x-www-form-urlencoded"
"""A form with a file has nothing typed in it."""
TYPED = {
    "correction": "field.correction",
    "corrective_action": "field.corrective_action",
    "due_at": "field.due_at",
    "start_at": "exception_field.start_at",
    "end_at": "exception_field.end_at",
    "reason": "exception_field.reason",
    "note": "audit.note",
}
"""Fields that people type into, and what they are called; what is chosen is chosen again."""
WHY = re.compile(r"why([1-9])")
OF_AGENT = re.compile(r"note:(.{1,200})")


def root_of(request: Request) -> str:
    """Where the desk is mounted, without a slash at the end."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def is_path_of_ours(root: str, path: str) -> bool:
    """Whether a browser stays with the desk: `//host` and `https:` lead elsewhere."""
    return path.startswith(f"{root}/") and not path.startswith("//") and "\\" not in path


def page_to_return_to(request: Request) -> str:
    """The path of a page that can be asked for by a link. Of a form that is the page that it was
    on; what was posted to has none, and then it is the page without the action."""
    path, query = request.url.path, request.url.query
    if request.method not in SAFE_METHODS:
        told = _parts(request.headers.get("Referer", ""))
        is_told = _is_from_here(request) and is_path_of_ours(root_of(request), told.path)
        path, query = (told.path, told.query) if is_told else (path, "")
        known = _nearest_page(request, path)
        path, query = known, query if known == path else ""
    return path + (f"?{query}" if query else "")


async def typed_texts(request: Request, speech: Speech) -> list[tuple[str, str]]:
    """What somebody typed into the form that was refused, by the names of its fields."""
    length = request.headers.get("Content-Length", "")
    if (
        request.method in SAFE_METHODS
        or not _is_from_here(request)
        or request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FORM
        or not (length.isdecimal() and len(length) < 10 and int(length) <= LARGEST_TYPED)
    ):
        return []
    try:
        form = await request.form()
    except (RuntimeError, ClientDisconnect, HTTPException):  # read up, gone, or no form
        return []
    told = ((_name_of(speech, name), value) for name, value in form.multi_items())
    return [(name, value) for name, value in told if name and isinstance(value, str) and value]


def _name_of(speech: Speech, field: str) -> str | None:
    if field in TYPED:
        return speech.say(TYPED[field])
    if why := WHY.fullmatch(field):
        is_first = why[1] == "1"
        return speech.say(
            "plan_page.why_first" if is_first else "plan_page.why_next", number=why[1]
        )
    if of := OF_AGENT.fullmatch(field):
        return speech.say("rotg.note_of", agent=of[1])
    return None


def _is_from_here(request: Request) -> bool:
    """Whether a page of this site sent it, as the browser says."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    sender = request.headers.get("Origin") or request.headers.get("Referer", "")
    return _parts(sender).netloc == request.headers.get("Host")


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _nearest_page(request: Request, path: str) -> str:
    """The path, or the nearest above it, that a page of the desk answers."""
    root = root_of(request)
    while path.startswith(f"{root}/"):
        asked = {"type": "http", "method": "GET", "path": path, "root_path": root}
        for route in request.app.routes:
            if (
                isinstance(route, APIRoute)
                and route.path != ELSEWHERE
                and route.matches(asked)[0] is Match.FULL
            ):
                return path
        path = path.rpartition("/")[0]
    return f"{root}/"
