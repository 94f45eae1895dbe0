"""Every panel's statement runs as the reader on a real warehouse and returns what it draws."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.source.__main__ import DASHBOARDS, SOURCE, generated
from grafana.source.boards import BOARDS
from rtm.cycle import System, run_cycle
from rtm.warehouse import Role
from tests.small_centre import CALL_HEADER, MORNING, call, deliver_reference, roster

FILES = sorted(DASHBOARDS.glob("*/*.json"))
PANELS = [panel for board in BOARDS for panel in board.panels]


def boards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in FILES]


def test_the_files_are_what_the_source_generates():
    assert {path: path.read_text(encoding="utf-8") for path in FILES} == generated(), (
        "run make dashboards"
    )


def test_boards_and_panels_are_told_apart_and_do_not_overlap():
    uids = [board["uid"] for board in boards()]
    assert len(set(uids)) == len(uids) == 2 * len(BOARDS)
    for board in boards():
        assert board["editable"] is False
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        for one, other in combinations((panel["gridPos"] for panel in board["panels"]), 2):
            apart = (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            )
            assert apart, (one, other)


def test_every_text_exists_in_both_languages_and_is_used():
    words = yaml.safe_load((SOURCE / "words.yml").read_text(encoding="utf-8"))
    assert all(set(texts) == {"id", "en"} for texts in words.values())
    used = json.dumps(boards(), ensure_ascii=False)
    assert [
        name
        for name, texts in words.items()
        if json.dumps(texts["id"], ensure_ascii=False)[1:-1] not in used
    ] == []


@pytest.fixture
def centre(system: System, deliver) -> System:
    deliver_reference(deliver)
    deliver("roster", "today.csv", roster(), MORNING - timedelta(days=1))
    login = f"{(MORNING + timedelta(minutes=12)).isoformat()},A1,login"
    at = MORNING + timedelta(minutes=40)
    deliver("agent_event", "events.csv", f"occurred_at,agent_id,event\n{login}\n", at)
    calls = [call(f"c{n}", at, "answered" if n % 3 == 0 else "abandoned", 40) for n in range(12)]
    deliver("call", "calls.csv", CALL_HEADER + "".join(calls), at)
    header = "conversation_id,service_code,channel,received_at,first_response_at\n"
    talk = f"v1,KARTU,chat,{at.isoformat()},{(at + timedelta(seconds=20)).isoformat()}\n"
    deliver("conversation", "talks.csv", header + talk, at)
    run_cycle(system, at + timedelta(minutes=2))
    return system


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_gets_the_columns_that_it_draws(panel, centre: System):
    with centre.warehouse.engine(Role.READER).connect() as connection:
        result = connection.exec_driver_sql(expanded(panel.sql))
        columns, rows = list(result.keys()), result.all()
    assert rows, "a panel that shows nothing here shows nothing anywhere"
    if panel.kind == "table":
        assert columns == list(panel.columns)
    else:
        assert columns == ["time", "metric", "value"]
        assert [row.time for row in rows] == sorted(row.time for row in rows)


def expanded(sql: str) -> str:
    """The statement as Grafana sends it: its macro takes a plain column, as its own parser does."""
    start, end = MORNING - timedelta(days=1), MORNING + timedelta(days=1)

    def between(found: re.Match[str]) -> str:
        assert re.fullmatch(r"\w+", found[1]), "Grafana's macros take no expression"
        return f"{found[1]} BETWEEN '{start:%Y-%m-%dT%H:%M:%SZ}' AND '{end:%Y-%m-%dT%H:%M:%SZ}'"

    text = re.sub(r"\$__timeFilter\(([^)]*)\)", between, sql)
    assert "$" not in text, "a macro that this test does not know"
    return text


def test_provisioning_names_the_data_source_of_the_panels():
    source = yaml.safe_load(
        (Path(DASHBOARDS).parent / "provisioning/datasources/warehouse.yml").read_text()
    )["datasources"][0]
    used = {
        (target["datasource"]["type"], target["datasource"]["uid"])
        for board in boards()
        for panel in board["panels"]
        for target in panel["targets"]
    }
    assert used == {(source["type"], source["uid"])}
    assert source["user"] == Role.READER
