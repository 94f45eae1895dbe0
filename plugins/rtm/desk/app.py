"""Puts the desk together as one ASGI application, to be mounted where the site wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI

from rtm.desk import errors, forms, plan_routes, routes
from rtm.desk.headers import SecureHeaders
from rtm.desk.identity import signed_in
from rtm.desk.parts import Desk


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
    errors.answer_errors(app)
    app.add_middleware(SecureHeaders)
    return app
