"""The dashboards have only the properties and values that Grafana publishes.

What Grafana does not know it drops without a word, and a panel looks other than was meant.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.grafana.test_dashboards import Json, boards

SCHEMA = json.loads((Path(__file__).parent / "published" / "schema.json").read_text())
CUSTOM = {
    "barchart": "barchart.FieldConfig",
    "heatmap": "heatmap.FieldConfig",
    "state-timeline": "statetimeline.FieldConfig",
    "status-history": "statushistory.FieldConfig",
    "table": "common.TableFieldOptions",
    "timeseries": "common.GraphFieldConfig",
}
"""What is the panel's own in the configuration of a field; a stat has nothing."""


def strangers(board: Json) -> list[str]:
    """What Grafana does not publish."""
    found = list(_strangers("dashboard.Dashboard", board, board["uid"]))
    for panel in board["panels"]:
        where = f"{board['uid']} panel {panel['id']}"
        found += _strangers("dashboard.Panel", panel, where)
        found += _strangers("dashboard.FieldConfigSource", panel["fieldConfig"], where)
        found += _strangers("dashboard.FieldConfig", panel["fieldConfig"]["defaults"], where)
        options = f"{panel['type'].replace('-', '')}.Options"
        found += _strangers(options, panel["options"], where)
        custom = panel["fieldConfig"]["defaults"].get("custom", {})
        if panel["type"] in CUSTOM:
            found += _strangers(CUSTOM[panel["type"]], custom, where)
        elif custom:
            found.append(f"{where}: {sorted(custom)} mean nothing to a {panel['type']}")
    return found


def _strangers(definition: str, told: Any, where: str) -> Iterator[str]:
    schema = {**SCHEMA, "$ref": f"#/definitions/{definition}"}
    for error in Draft7Validator(schema).iter_errors(told):
        yield f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def test_nothing_is_told_that_grafana_does_not_know():
    assert len(SCHEMA["definitions"]) > 50
    assert [told for board in boards() for told in strangers(board)] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda board: board.update(theme="dark"), "'theme' was unexpected"),
        (lambda board: board.update(graphTooltip=7), "graphTooltip: 7 is not one of"),
        (lambda board: board["panels"][1].update(colour="blue"), "'colour' was unexpected"),
        (lambda board: board["panels"][1]["options"].update(textMode="large"), "'large' is not"),
        (
            lambda board: board["panels"][1]["fieldConfig"]["defaults"].update(custom={"x": 1}),
            "['x'] mean nothing to a stat",
        ),
        (
            lambda board: board["templating"]["list"][0].update(definition="select 1"),
            "'definition' was unexpected",
        ),
    ],
)
def test_what_grafana_does_not_know_is_seen(change, told: str):
    changed = copy.deepcopy(boards()[0])
    assert strangers(changed) == []
    change(changed)
    assert any(told in stranger for stranger in strangers(changed)), strangers(changed)
