from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rtm.simulator import Fault, FaultKind, healthy_scenario
from rtm.sources.canonical import CANONICAL
from rtm.sources.feed import Feed, Kind

from .conftest import Landed, land


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """A folder that has every feed, exceptions too."""
    scenario = healthy_scenario()
    start = scenario.start + timedelta(hours=9)
    fault = Fault(FaultKind.EXCUSED, "UJI0007", start, start + timedelta(hours=1))
    until = scenario.start + timedelta(hours=12)
    return land(scenario.with_faults(fault), tmp_path_factory.mktemp("small"), until)


# The simulated centre keeps to the rules of the floor as they come; its calls name their service.
NOT_DELIVERED = (
    *("rotg_rule", "rotg_checklist", "breach_rule", "expected_peak", "plan_rule"),
    *("coaching_ladder", "coaching_rule", "queue"),
)
DELIVERED = [feed for feed in CANONICAL if feed.name not in NOT_DELIVERED]


@pytest.mark.parametrize("feed", DELIVERED, ids=lambda feed: feed.name)
def test_a_feed_has_the_columns_of_the_contract(feed: Feed, demo: Landed, small: Landed) -> None:
    landed = small if feed.name == "exception" else demo
    rows = landed.rows(feed.name) or small.rows(feed.name)
    if feed.name == "conversation":
        rows = demo.rows(feed.name)
    assert rows
    names = {column.name for column in feed.columns}
    for row in rows:
        assert set(row) <= names
        for column in feed.columns:
            assert row.get(column.name) or not column.required, (column.name, row)
            if column.kind is Kind.CHOICE and row.get(column.name):
                assert row[column.name] in column.choices


def test_excel_style_semicolons_occur(demo: Landed) -> None:
    assert any(";" in path.read_text() for path in demo.files("roster"))
    assert any(";" not in path.read_text() for path in demo.files("roster"))


def test_some_agents_are_known_to_the_telephone_system_by_an_alias_only(demo: Landed) -> None:
    aliases = {row["external_id"] for row in demo.rows("agent_alias")}
    known = {row["agent_id"] for row in demo.rows("agent")}
    reported = {row["agent_id"] for row in demo.rows("agent_event")}
    assert reported & aliases
    assert reported <= aliases | known


def test_an_identifier_of_a_record_is_never_used_twice(demo: Landed) -> None:
    ids = [row["event_id"] for row in demo.rows("agent_event")]
    assert len(ids) == len(set(ids)) > 1000


def test_targets_say_how_much_is_needed_to_judge(demo: Landed, tmp_path: Path) -> None:
    targets = demo.rows("kpi_target")
    kpis = {row["kpi"] for row in targets}
    assert kpis >= {"scr", "abandon_rate", "service_level", "aht", "response_time", "waiting_list"}
    assert all(row["window_min"] and row["min_volume"] != "" for row in targets)
