"""The frame that every page stands in: templates, navigation, language, the visitor's rights.

A route asks for a page with the right that it needs, reads its facts through the page's connection,
and renders a template with them. docs/desk.md shows how a page is added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection

from rtm import audit
from rtm.desk import forms
from rtm.desk.identity import SignedIn, signed_in
from rtm.desk.language import Speech, language_of
from rtm.desk.parts import Desk, desk_of
from rtm.desk.people import find_visitor
from rtm.desk.returning import page_to_return_to, root_of
from rtm.desk.rights import Right, Visitor, may
from rtm.warehouse import Role

TEMPLATES = Path(__file__).with_name("templates")
ASSETS = Path(__file__).with_name("assets")

PATIENCE_S = 20.0
"""How long a page waits for one statement of its reading; then it says that nothing answers."""

NAVIGATION: tuple[tuple[str, str, Right], ...] = (
    ("/", "nav.today", Right.READ_SERVICE),
    ("/breaches", "nav.breaches", Right.READ_SERVICE),
    ("/rosters", "nav.rosters", Right.READ_SERVICE),
    ("/exceptions", "nav.exceptions", Right.READ_SERVICE),
    ("/coaching", "nav.coaching", Right.DECIDE_COACHING),
    ("/rotg", "nav.rotg", Right.CHECK_ROTG),
    ("/audit", "nav.audit", Right.READ_AUDIT),
)
"""Path, words, and the right without which the page is not shown."""


class ForbiddenError(Exception):
    """The visitor lacks a right, anywhere or at the service in question."""

    def __init__(self, right: Right, visitor: Visitor, is_elsewhere: bool = False) -> None:
        super().__init__(right)
        self.right = right
        self.visitor = visitor
        self.is_elsewhere = is_elsewhere
        """The visitor has the right, but not at that service."""


@dataclass(frozen=True)
class Page:
    """One page being made for one visitor."""

    request: Request
    desk: Desk
    who: SignedIn
    visitor: Visitor
    speech: Speech

    @contextmanager
    def connection(self, writes: bool = False) -> Iterator[Connection]:
        """One transaction; a reading page sees one state of the warehouse in all its blocks, and
        waits for no statement longer than `PATIENCE_S`."""
        with self.desk.warehouse.transaction(Role.APP) as connection:
            if not writes:
                connection.exec_driver_sql(
                    "set transaction isolation level repeatable read read only;"
                    f" set local statement_timeout = {PATIENCE_S * 1000:.0f}"
                )
            yield connection

    @property
    def person(self) -> str:
        """The person who acts; an administrator of the system, who is none, decides nothing."""
        if self.visitor.agent_id is None:
            raise HTTPException(403)
        return self.visitor.agent_id

    def insist(self, right: Right, service_code: str) -> None:
        """Raises ForbiddenError unless the visitor has the right at that service."""
        if not may(self.visitor, right, service_code):
            raise ForbiddenError(right, self.visitor, is_elsewhere=True)

    def may(self, right: Right, service_code: str) -> bool:
        return may(self.visitor, right, service_code)

    def services(self, right: Right = Right.READ_SERVICE) -> list[str]:
        """Where the visitor has the right."""
        return self.visitor.services(right)

    def to(self, path: str) -> RedirectResponse:
        """To another page of the desk, after a form was taken."""
        return RedirectResponse(f"{root_of(self.request)}{path}", 303)

    def render(self, template: str, status: int = 200, /, **facts: Any) -> HTMLResponse:
        """The page as HTML; a fact that the template misses is an error."""
        return render(
            self.request,
            self.speech,
            template,
            status,
            page=self,
            visitor=self.visitor,
            navigation=[item for item in NAVIGATION if self.visitor.services(item[2])],
            csrf_token=forms.token_for(self.desk, self.who),
            **facts,
        )


def visitor_of(
    who: Annotated[SignedIn, Depends(signed_in)], desk: Annotated[Desk, Depends(desk_of)]
) -> Visitor:
    """The dependency for who visits; raises UnknownPersonError or NoPositionError."""
    with desk.warehouse.transaction(Role.APP) as connection:
        return find_visitor(connection, who, desk.now())


def requires(right: Right) -> Callable[..., Page]:
    """A dependency that gives the page to visitors who have the right at some service.

    At which one, only the route knows: it reads no more than `page.services(right)`, or calls
    `page.insist(right, service_code)` when it has found what the request is about.
    """

    def page_with(
        request: Request,
        who: Annotated[SignedIn, Depends(signed_in)],
        desk: Annotated[Desk, Depends(desk_of)],
        visitor: Annotated[Visitor, Depends(visitor_of)],
    ) -> Page:
        if not visitor.services(right):
            raise ForbiddenError(right, visitor)
        return Page(request, desk, who, visitor, speech_of(request))

    return page_with


Reading = Annotated[Page, Depends(requires(Right.READ_SERVICE))]
"""What a route takes whose page shows things of a service."""
LARGEST_NUMBER = 2**63 - 1
"""Of a row in the warehouse: nothing beyond it can be there."""


def known_number(number: int) -> int:
    """The number of a row, or 404 for one that no row can have."""
    if not 0 < number <= LARGEST_NUMBER:
        raise HTTPException(404)
    return number


def speech_of(request: Request) -> Speech:
    return Speech(language_of(request, desk_of(request).settings.language))


def render(
    request: Request, speech: Speech, template: str, status: int = 200, /, **facts: Any
) -> HTMLResponse:
    """A template in the frame, for a visitor or for nobody we know."""
    root = root_of(request)

    def at(path: str) -> str:
        """The address of a path of the desk, wherever it is mounted."""
        return f"{root}{path}"

    context = {
        "at": at,
        "asset": lambda name: at(f"/assets/{name}?v={asset_version(name)}"),
        "here": request.url.path.removeprefix(root) or "/",
        "back": page_to_return_to(request),
        "sign_out": desk_of(request).doors.sign_out,
        "say": speech.say,
        "speech": speech,
        "language": speech.language,
        **facts,
    }
    body = environment().get_template(template).render(context)
    return HTMLResponse(
        body, status, {"Content-Language": speech.language, "Vary": "Cookie, Accept-Language"}
    )


@cache
def asset_version(name: str) -> str:
    """Changes with the file, so that a browser may keep it as long as it likes."""
    return hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["pipeline"] = audit.PIPELINE
    # What a plan keeps as JSON has its moments as text.
    made.filters["moment"] = datetime.fromisoformat
    return made
