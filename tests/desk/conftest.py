"""A desk over the filled warehouse, mounted as Airflow mounts it, with whoever a test signs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from fastapi import FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from rtm.desk.app import create_desk
from rtm.desk.identity import SignedIn
from rtm.desk.parts import Desk, Doors
from rtm.warehouse import Warehouse
from scripts.readme import CLOCK
from tests.desk_centre import TEAM_LEADER

SECRET = b"a secret of the tests"
HTML = {"Accept": "text/html", "Accept-Language": "id"}

SignIn = Callable[..., TestClient]


@pytest.fixture(scope="session")
def desk(centre, settings) -> Desk:
    doors = Doors(lambda path: f"/sign-in?next={path}", "/sign-out")
    return Desk(settings, SECRET, doors, lambda: centre, lambda: CLOCK)


def app_for(desk: Desk, who: SignedIn | None) -> FastAPI:
    def identify() -> SignedIn:
        if who is None:
            raise HTTPException(401)
        return who

    return create_desk(desk, identify)


def client_of(app: FastAPI) -> TestClient:
    return TestClient(
        Starlette(routes=[Mount("/rtm", app)]),
        base_url="http://desk.example",
        headers=HTML,
        follow_redirects=False,
        raise_server_exceptions=False,
    )


@pytest.fixture
def sign_in(desk: Desk) -> SignIn:
    """A browser in which that user is signed in; None: nobody is."""

    def browser(user_name: str | None = TEAM_LEADER, **more: object) -> TestClient:
        who = SignedIn(user_name, **more) if user_name is not None else None  # type: ignore[arg-type]
        return client_of(app_for(desk, who))

    return browser


@pytest.fixture
def down(settings) -> Iterator[Desk]:
    """A desk whose warehouse does not answer."""
    from sqlalchemy import make_url

    warehouse = Warehouse(make_url("postgresql+psycopg://rtm:x@127.0.0.1:1/rtm"))
    doors = Doors(lambda path: f"/sign-in?next={path}", "/sign-out")
    yield Desk(settings, SECRET, doors, lambda: warehouse, lambda: CLOCK)
    with suppress(Exception):
        warehouse.close()
