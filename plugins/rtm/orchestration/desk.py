"""The desk as a part of Airflow's pages: where it is mounted, and its place in the navigation.

Airflow does not authenticate what a plugin mounts; `sessions` does. What the pages are is in
`rtm.desk`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

PATH = "/rtm"


async def desk(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application, made at the first request: every process of Airflow loads its plugins,
    and only the api-server needs this one's pages."""
    await build_desk()(scope, receive, send)


class DeskPlugin(AirflowPlugin):
    """Mounts the desk, and puts it into Airflow's navigation."""

    name = "rtm_desk"
    fastapi_apps = [{"app": desk, "url_prefix": PATH, "name": "RTM desk"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Meja RTM",
            # Relative to the base of Airflow's pages, which may be a path behind a proxy.
            "href": f"{PATH.removeprefix('/')}/",
            "icon": f"{PATH.removeprefix('/')}/assets/desk.svg",
            "destination": "nav",
            # Airflow 3.3.2 draws an entry of the top level that has no route as a dead button.
            "nav_top_level": True,
            "url_route": "rtm-desk",
        }
    ]


@cache
def build_desk() -> FastAPI:
    """The desk of this process, with Airflow's session as the way in."""
    from rtm.desk.app import create_desk
    from rtm.desk.parts import Desk
    from rtm.orchestration import sessions
    from rtm.orchestration.connections import open_landing
    from rtm.settings import Settings
    from rtm.warehouse import Warehouse

    settings = Settings.from_environment()
    desk_of_process = Desk(
        *(settings, sessions.secret(), sessions.doors(), lambda: Warehouse.open(settings)),
        landing_opener=open_landing,
    )
    return create_desk(desk_of_process, sessions.identify)
