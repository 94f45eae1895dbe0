"""Puts the desk together as one ASGI application, to be mounted where the site wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from rtm.desk import (
    audit_routes,
    coaching_routes,
    errors,
    exception_routes,
    forms,
    plan_routes,
    roster_routes,
    rotg_routes,
    routes,
)
from rtm.desk.bodies import LimitedBodies
from rtm.desk.headers import SecureHeaders
from rtm.desk.identity import signed_in
from rtm.desk.parts import Desk
from rtm.desk.returning import root_of


def nowhere(request: Request) -> Response:
    """What no other route answers; a slash too many is forgiven."""
    path = request.url.path
    if path.endswith("/") and path.rstrip("/") != root_of(request):
        return RedirectResponse(f"/{path.strip('/')}", 308)
    raise HTTPException(404)


def create_desk(desk: Desk, identify: Callable[..., Any]) -> FastAPI:
    """The application. `identify` is a FastAPI dependency that gives a SignedIn or raises 401."""
    app = FastAPI(
        title="RTM desk",
        # Nothing is described to those who are not signed in.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # For every route, whoever adds it: signed in, and what changes something is a form of ours.
        dependencies=[Depends(signed_in), Depends(forms.genuine)],
    )
    app.state.desk = desk
    app.dependency_overrides[signed_in] = identify
    app.include_router(routes.router)
    app.include_router(plan_routes.router)
    app.include_router(roster_routes.router)
    app.include_router(exception_routes.router)
    app.include_router(coaching_routes.router)
    app.include_router(rotg_routes.router)
    app.include_router(audit_routes.router)
    # Behind all others: to those who are not signed in, an address that is none says nothing.
    app.get("/{path:path}")(nowhere)
    errors.answer_errors(app)
    app.add_middleware(LimitedBodies)
    app.add_middleware(SecureHeaders)
    return app
