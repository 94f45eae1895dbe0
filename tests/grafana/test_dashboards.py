"""What is generated holds together: fresh, told apart, laid out, in both languages, and leading
only where there is something."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml

from grafana.source.__main__ import DASHBOARDS, dashboards, generated, stale
from grafana.source.board import CYCLE
from grafana.source.boards import BOARDS
from grafana.source.page import PAGE
from grafana.source.words import FILE, LANGUAGES, SIGNS
from rtm.settings import REPOSITORY
from rtm.warehouse import Role

Json = dict[str, Any]

PROVISIONING = REPOSITORY / "grafana" / "provisioning"
PINNED = {
    "wall": "age services open_breaches now today agents feeds",
    "contacts": "age services offered received scr abandon_rate service_level aht response_time"
    " waiting_list oldest_waiting by_hour",
    "attendance": "age counts people now timeline presence aux",
    "breaches": "age counts matters open timers drivers course effect",
    "rosters": "age status dates coverage gaps versions",
    "discipline": "age rules follow_ups ladder violations",
    "procedure": "age indicators speed accuracy consistency",
    "pipeline": "age feeds cycle failed landing outbox unmapped",
}
"""The panels of each board by their numbers, from 1 on: links and alerts name them, so a new panel
takes the next one, and what is gone leaves a gap."""

SAFE = {colour for states in SIGNS.values() for _, colour in states.values()}


def boards() -> list[Json]:
    return [json.loads(content) for content in dashboards().values()]


def faults(all_boards: list[Json]) -> list[str]:
    """What is wrong with the dashboards, each by itself and among themselves."""
    uids = [board["uid"] for board in all_boards]
    found = [f"{uid}: stands twice" for uid in {uid for uid in uids if uids.count(uid) > 1}]
    for board in all_boards:
        told = [
            *_of_board(board),
            *_of_layout(board),
            *(f"leads to {uid}, which is nowhere" for uid in _leads_to(board) - set(uids)),
        ]
        found += [f"{board['uid']}: {fault}" for fault in told]
    return found


def _of_board(board: Json) -> Iterator[str]:
    if board["editable"]:
        yield "can be changed in the browser"
    if _seconds(board["refresh"]) < _seconds(CYCLE):
        yield "is renewed faster than the cycle"
    panels = board["panels"]
    numbers = [panel["id"] for panel in panels]
    if len(set(numbers)) != len(numbers):
        yield "two panels have one number"
    if panels[0]["title"] not in ("Data per", "Data as of"):
        yield "does not begin with the age of the data"
    names = {variable["name"] for variable in board["templating"]["list"]}
    for panel in panels:
        if not panel["title"] or not panel["description"]:
            yield f"panel {panel['id']} says not what it counts"
        if not panel["fieldConfig"]["defaults"].keys() & {"unit", "mappings", "custom"}:
            yield f"panel {panel['id']} has no unit"
    told = json.dumps(board)
    for name in re.findall(r"\$\{?([a-z]\w*)", told):
        if name not in names:
            yield f"uses the variable {name}, which it has not"
    if colours := set(re.findall(r"#[0-9A-Fa-f]{6}", told)) - SAFE:
        yield f"colours that not everybody can tell: {sorted(colours)}"


def _of_layout(board: Json) -> Iterator[str]:
    for one, other in combinations([panel["gridPos"] for panel in board["panels"]], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        if not apart:
            yield f"panels overlap at {one} and {other}"
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"panel {panel['id']} stands out on the right"
        if "repeat" in panel and place["w"] != 24:
            yield f"panel {panel['id']} is repeated over its neighbours"


def _leads_to(board: Json) -> set[str]:
    return set(re.findall(r'"/d/([\w-]+)', json.dumps(board)))


def _seconds(told: str) -> int:
    return int(told[:-1]) * {"s": 1, "m": 60, "h": 3600}[told[-1]]


def test_the_files_are_what_the_source_generates():
    assert len(generated()) == (len(LANGUAGES) + 1) * len(BOARDS) + 1
    assert stale() == [], "run make dashboards"


def test_make_check_looks_at_the_files():
    planned = subprocess.run(
        ["make", "-n", "check"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "tests/grafana" in planned.stdout and "test_exposures.py" in planned.stdout


def test_a_file_that_was_changed_one_too_many_and_one_too_few_are_stale(monkeypatch, tmp_path):
    import grafana.source.__main__ as source

    monkeypatch.setattr(source, "DASHBOARDS", tmp_path)
    monkeypatch.setattr(source, "SKETCHES", tmp_path / "sketches")
    source.main()
    assert source.stale() == []
    wall, gone, left = (tmp_path / "id" / f"{name}.json" for name in ("wall", "contacts", "old"))
    sketch = tmp_path / "sketches" / "wall.svg"
    sketch.write_text(sketch.read_text().replace("Services", "Teams"))
    wall.write_text(wall.read_text().replace("Papan RTM", "Papan"))
    gone.unlink()
    left.write_text("{}")
    assert source.stale() == sorted([wall, gone, left, sketch])


def test_the_boards_hold_together():
    assert len(boards()) == len(LANGUAGES) * len(BOARDS)
    assert faults(boards()) == []


def test_numbers_of_panels_do_not_move():
    assert {board.name for board in BOARDS} == set(PINNED)
    for board in BOARDS:
        assert {panel.name: panel.id for panel in board.panels} == {
            name: number for number, name in enumerate(PINNED[board.name].split(), start=1)
        }


def _second(board: Json) -> Json:
    return board["panels"][1]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda board: board.update(uid="rtm-contacts-id"), "rtm-contacts-id: stands twice"),
        (lambda board: board.update(editable=True), "can be changed in the browser"),
        (lambda board: board.update(refresh="10s"), "is renewed faster than the cycle"),
        (lambda board: _second(board).update(id=1), "two panels have one number"),
        (lambda board: board["panels"].pop(0), "does not begin with the age of the data"),
        (lambda board: _second(board).update(description=""), "panel 2 says not what it counts"),
        (lambda board: _second(board)["fieldConfig"].update(defaults={}), "panel 2 has no unit"),
        (lambda board: _second(board).update(title="$shift"), "uses the variable shift"),
        (lambda board: _second(board).update(title="#00FF00"), "colours that not everybody"),
        (lambda board: _second(board)["gridPos"].update(y=2, x=0), "panels overlap"),
        (lambda board: _second(board)["gridPos"].update(x=23, y=90), "stands out on the right"),
        (lambda board: board["panels"][4]["gridPos"].update(w=8), "repeated over its neighbours"),
        (
            lambda board: board["links"][0].update(url="/d/rtm-gone-id"),
            "leads to rtm-gone-id, which is nowhere",
        ),
    ],
)
def test_each_fault_is_seen(change, fault: str):
    changed = copy.deepcopy(boards())
    change(changed[0])
    assert any(fault in told for told in faults(changed)), faults(changed)


def test_every_text_exists_in_both_languages_and_is_used():
    texts = dict(_texts(yaml.safe_load(FILE.read_text(encoding="utf-8"))))
    assert len(texts) > 200
    assert [path for path, told in texts.items() if set(told) != set(LANGUAGES)] == []
    used = json.dumps(boards(), ensure_ascii=False)
    unused = [
        path
        for path, told in texts.items()
        if not path.startswith(("tile", "panel.")) and _as_written(told["id"]) not in used
    ]
    assert unused == []


def _texts(place: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    if isinstance(place, dict) and not set(place) & set(LANGUAGES):
        for name, inner in place.items():
            yield from _texts(inner, f"{path}.{name}".strip("."))
    else:
        yield path, place


def _as_written(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def test_the_page_tells_every_panel():
    page = PAGE.read_text(encoding="utf-8")
    for board in boards():
        if board["uid"].endswith("-en"):
            for panel in board["panels"]:
                assert f"| {panel['title']} | {panel['description']} |" in page


def test_provisioning_names_the_data_source_of_the_panels_and_the_folder_of_the_boards():
    source = yaml.safe_load((PROVISIONING / "datasources" / "warehouse.yml").read_text())
    (warehouse,) = source["datasources"]
    used = {
        (target["datasource"]["type"], target["datasource"]["uid"])
        for board in boards()
        for panel in board["panels"]
        for target in panel["targets"]
    }
    assert used == {(warehouse["type"], warehouse["uid"])}
    assert warehouse["user"] == Role.READER and not warehouse["editable"]
    provider = yaml.safe_load((PROVISIONING / "dashboards" / "rtm.yml").read_text())
    compose = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    mounted = compose["services"]["grafana"]["volumes"]
    (where,) = [told["options"]["path"] for told in provider["providers"]]
    assert f"./{DASHBOARDS.relative_to(REPOSITORY).as_posix()}:{where}:ro" in mounted


def test_the_files_lie_in_a_folder_for_each_language():
    assert {path.parent.name for path in DASHBOARDS.glob("*/*.json")} == set(LANGUAGES)
