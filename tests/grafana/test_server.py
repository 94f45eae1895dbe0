"""The same through a running Grafana, where one can be reached: it loads what is provisioned, each
panel answers through its data source, and each board is drawn without a complaint.

    GRAFANA_URL=http://admin:password@127.0.0.1:3000 make test ARGS=tests/grafana/test_server.py
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from grafana.source.board import Board
from grafana.source.boards import BOARDS
from grafana.source.panels import DATA_SOURCE, uid_of
from grafana.source.words import LANGUAGES, Words
from rtm.settings import REPOSITORY
from scripts.system_packages import CHROMIUM
from tests.grafana.test_alerts import RULES
from tests.system_programs import required

URL = os.environ.get("GRAFANA_URL")
SHOTS = REPOSITORY / ".rtm" / "screenshots"
DRAWN_WITHIN_MS = 30_000

pytestmark = pytest.mark.skipif(
    URL is None,
    reason="no Grafana to ask: its server comes as an image or a package that is not on the Python"
    " index; set GRAFANA_URL=http://user:password@host:3000",
)


class Grafana:
    """Its HTTP API, as the user of the address."""

    def __init__(self, url: str) -> None:
        told = urlsplit(url)
        self.address = f"{told.scheme}://{told.hostname}:{told.port or 3000}{told.path}".rstrip("/")
        user = f"{told.username or 'admin'}:{told.password or 'admin'}".encode()
        self.headers = {
            "Authorization": f"Basic {base64.b64encode(user).decode()}",
            "Content-Type": "application/json",
        }

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.address}{path}", data, self.headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def server() -> Grafana:
    return Grafana(URL or "")


@pytest.fixture(scope="module")
def page(server: Grafana) -> Iterator[Page]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=required(CHROMIUM), args=options)
        context = browser.new_context(
            viewport={"width": 1920, "height": 1080},
            extra_http_headers={"Authorization": server.headers["Authorization"]},
        )
        yield context.new_page()
        browser.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_board_is_provisioned_as_it_was_generated(board: Board, language, server: Grafana):
    words = Words.read(language)
    told = server.ask(f"/api/dashboards/uid/{uid_of(board.name, words)}")
    assert told["meta"]["provisioned"] and told["meta"]["folderTitle"] == language
    loaded = {panel["id"]: panel["title"] for panel in told["dashboard"]["panels"]}
    assert loaded == {panel["id"]: panel["title"] for panel in board.json(words)["panels"]}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_panel_answers(board: Board, server: Grafana):
    words = Words.read("id")
    values = _values(server, board, words)
    now = int(time.time() * 1000)
    for panel in board.json(words)["panels"]:
        for target in panel["targets"]:
            query = {**target, "rawSql": _interpolated(target["rawSql"], values)}
            body = {"queries": [query], "from": str(now - 86_400_000), "to": str(now)}
            told = server.ask("/api/ds/query", body)["results"][target["refId"]]
            assert told["status"] == 200 and "error" not in told, (panel["title"], told)


def test_the_alert_rules_are_provisioned(server: Grafana):
    loaded = {rule["uid"] for rule in server.ask("/api/v1/provisioning/alert-rules")}
    assert {rule["uid"] for rule in RULES} <= loaded


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_board_is_drawn(board: Board, language, server: Grafana, page: Page):
    words = Words.read(language)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.address}/d/{uid_of(board.name, words)}?kiosk")
    for panel in board.panels:
        if not panel.repeat:
            title = words.say("panel", board.name, panel.name, "title")
            page.get_by_text(title, exact=True).first.wait_for(timeout=DRAWN_WITHIN_MS)
    page.wait_for_load_state("networkidle")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{uid_of(board.name, words)}.png", full_page=True)
    assert page.get_by_text("Error", exact=False).count() == 0
    assert complaints == []


def _values(server: Grafana, board: Board, words: Words) -> dict[str, str]:
    """What stands in each variable, as the statement gets it."""
    values: dict[str, str] = {}
    for variable in board.variables:
        query = {
            "refId": "A",
            "datasource": DATA_SOURCE,
            "format": "table",
            "rawSql": _interpolated(words.statement(variable.sql), values),
        }
        body = {"queries": [query], "from": "now-1h", "to": "now"}
        (frame,) = server.ask("/api/ds/query", body)["results"]["A"]["frames"]
        names = [field["name"] for field in frame["schema"]["fields"]]
        told = frame["data"]["values"][names.index("__value")]
        quoted = [f"'{one}'" for one in told]
        values[variable.name] = ",".join(quoted) if variable.is_multi else str(told[0])
    return values


def _interpolated(sql: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        sql = sql.replace(f"${name}", value)
    return sql
