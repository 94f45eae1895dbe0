"""A real Airflow api-server with the desk, over the filled warehouse, and a real Chromium.

Without a browser these tests are skipped on a machine of somebody's own, and fail in CI.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from rtm.machine import free_port
from rtm.settings import REPOSITORY
from rtm.stack.airflow import airflow_environment, password_of, set_up_airflow_home
from rtm.warehouse import Warehouse
from scripts.system_packages import CHROMIUM
from tests.desk_centre import AGENT, COORDINATOR, TEAM_LEADER, copied
from tests.system_programs import required

STARTS_WITHIN_S = 240
TIMEOUT_MS = 60_000
SHOTS = Path(os.environ.get("RTM_HOME") or REPOSITORY / ".rtm") / "screenshots"


@dataclass
class Airflow:
    """A running api-server and the passwords of its users."""

    address: str
    passwords: dict[str, str]


@dataclass
class Visit:
    """A page of the browser, and what it complained of."""

    page: Page
    airflow: Airflow
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.airflow.address}{path}")
        return self.page

    def sign_in(self, user: str, to: str = "/rtm/") -> Page:
        """By Airflow's own page, as a user would, from the desk's page that asks for it."""
        self.go(to)
        self.page.get_by_role("link", name="Masuk").or_(
            self.page.get_by_role("link", name="Sign in")
        ).first.click()
        self.page.locator("input[name=username]").fill(user)
        self.page.locator("input[name=password]").fill(self.airflow.passwords[user])
        self.page.locator("button[type=submit]").click()
        self.page.wait_for_url(f"**{to}")
        self.complaints.clear()
        return self.page

    def keep(self, name: str) -> None:
        """A picture for people to look at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Asked for before anything is built for it."""
    return required(CHROMIUM)


@pytest.fixture(scope="session")
def centre(centre: Warehouse) -> Iterator[Warehouse]:
    """A copy: what is clicked here changes plans, and other tests read the centre as it was."""
    with copied(centre) as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def airflow(chromium, postgres, centre, settings, tmp_path_factory) -> Iterator[Airflow]:
    """Its pages alone: nothing is scheduled."""
    home = tmp_path_factory.mktemp("airflow")
    users = (TEAM_LEADER, COORDINATOR, AGENT)
    told = dataclasses.replace(settings, home=home, desk_users=users)
    set_up_airflow_home(told)
    port = free_port()
    environment = {
        **os.environ,
        **airflow_environment(told, postgres, port, free_port()),
        "RTM_HOME": str(home),
        "RTM_DATABASE_URL": centre.url.render_as_string(hide_password=False),
    }
    log = home / "airflow.log"
    with log.open("w") as output:

        def begin(*arguments: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=environment,
                cwd=REPOSITORY,
                stdout=output,
                stderr=output,
            )

        assert begin("db", "migrate").wait(STARTS_WITHIN_S) == 0, log.read_text()[-3000:]
        server = begin("api-server", "--workers", "1")
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(server, f"{address}/api/v2/monitor/health", log)
        yield Airflow(address, {user: password_of(told, user) or "" for user in users})
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"Airflow's pages do not answer:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not run as root, as tests do in a container.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, airflow: Airflow) -> Iterator[Callable[..., Visit]]:
    """A browser of its own with that language and width."""
    contexts: list[BrowserContext] = []

    def begin(language: str = "id", width: int = 1280, **more: object) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            locale={"id": "id-ID", "en": "en-GB"}[language],
            **more,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        visit = Visit(context.new_page(), airflow)
        visit.page.on(
            "console",
            lambda message: (
                visit.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    yield begin
    for context in contexts:
        context.close()
