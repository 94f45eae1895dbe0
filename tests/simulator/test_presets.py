from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rtm.simulator import Scenario, bench_scenario, demo_scenario, healthy_scenario
from rtm.simulator.workload import at_work, load_of, rostered_for

from .conftest import Landed, Row, land, moment, scr


def _service_level(calls: list[Row]) -> float:
    asked = [c for c in calls if c["queued_at"] and c["outcome"] not in ("open", "closed")]
    fast = [
        c
        for c in asked
        if c["answered_at"]
        and moment(c["answered_at"]) - moment(c["queued_at"]) <= timedelta(seconds=20)
    ]
    return len(fast) / len(asked)


def _of(rows: list[Row], service_code: str) -> list[Row]:
    return [row for row in rows if row["service_code"] == service_code]


def test_a_healthy_day_meets_its_targets(tmp_path: Path) -> None:
    scenario = demo_scenario(datetime.fromisoformat("2026-11-23T23:30:00+07:00"))
    healthy = replace(scenario.without_faults(), slice_s=900, history_slice_s=900)
    landed = land(healthy, tmp_path, healthy.start + timedelta(days=2))
    for code in ("KARTU", "DIGITAL", "PRIORITAS"):
        calls = _of(landed.calls, code)
        assert scr(calls) >= 0.95, code
        assert _service_level(calls) >= 0.85, code
    assert _response_time(landed.conversations, healthy.start) >= 0.95


def _response_time(conversations: list[Row], since: datetime) -> float:
    received = [c for c in conversations if moment(c["received_at"]) >= since]
    assert len(received) > 10
    in_time = [
        c
        for c in received
        if c["first_response_at"]
        and moment(c["first_response_at"]) - moment(c["received_at"]) <= timedelta(seconds=60)
    ]
    return len(in_time) / len(received)


@pytest.mark.parametrize("clock", ["00:10", "03:25", "06:08", "06:50", "10:05", "14:40", "22:20"])
def test_the_demonstration_has_its_breaches_at_any_hour(clock: str, tmp_path: Path) -> None:
    now = datetime.fromisoformat(f"2026-11-23T{clock}:00+07:00")
    landed = land(demo_scenario(now), tmp_path, now)
    since = now - timedelta(minutes=45)
    recent = [c for c in _of(landed.calls, "KARTU") if moment(c["arrived_at"]) >= since]
    through = [c for c in recent if c["outcome"] in ("answered", "self_served")]
    done = [c for c in recent if c["outcome"] != "open"]
    # So many that no breach hangs on a handful of calls, also when few call
    assert len(done) >= 30
    assert len(through) / len(done) < 0.7
    whatsapp = _of(landed.conversations, "DIGITAL")
    slow = [c for c in whatsapp if since <= moment(c["received_at"]) < now - timedelta(minutes=2)]
    in_time = [
        c
        for c in slow
        if c["first_response_at"]
        and moment(c["first_response_at"]) - moment(c["received_at"]) <= timedelta(seconds=60)
    ]
    assert len(slow) >= 20
    assert len(in_time) / len(slow) < 0.5
    assert landed.truth("late") and landed.truth("absent") and landed.truth("aux_over")
    rung = Counter(ring["agent_id"] for ring in _of(landed.rings, "DIGITAL") if ring["stopped_at"])
    assert max(rung.values()) >= 4
    tomorrow = [path for path in landed.files("roster") if "2026-11-24" in path.name]
    assert len(tomorrow) == 3


def test_the_demonstration_has_the_stated_size() -> None:
    scenario = demo_scenario(datetime.fromisoformat("2026-11-23T10:00:00+07:00"))
    sizes = {s.service_code: sum(a.role == "agent" for a in s.agents) for s in scenario.services}
    assert sizes == {"KARTU": 40, "DIGITAL": 26, "PRIORITAS": 12}
    assert scenario.service("PRIORITAS").timezone == "Asia/Makassar"


@pytest.mark.parametrize(
    "scenario",
    [
        healthy_scenario(),
        bench_scenario(agents=300, days=1),
        demo_scenario(datetime.fromisoformat("2026-11-23T10:00:00+07:00")),
    ],
    ids=lambda scenario: scenario.name,
)
def test_people_are_distinct_and_every_team_has_its_leader(scenario: Scenario) -> None:
    people = [agent for service in scenario.services for agent in service.agents]
    assert len({a.agent_id for a in people}) == len({a.email for a in people}) == len(people)
    assert all(a.email.endswith("@bank.example") for a in people)
    roles = {a.agent_id: a.role for a in people}
    for service in scenario.services:
        assert "wfm" in {a.role for a in service.agents}
        teams = {team.team_code for team in service.teams}
        assert {a.team_code for a in service.agents} <= teams
        for team in service.teams:
            assert roles[team.team_leader_id] == "team_leader"
            assert roles[team.coordinator_id] == "coordinator"


@pytest.mark.parametrize("agents", [20, 75, 300, 1000])
def test_a_benchmark_has_as_many_agents_as_asked(agents: int) -> None:
    scenario = bench_scenario(agents=agents, days=1)
    people = [agent for service in scenario.services for agent in service.agents]
    assert sum(agent.role == "agent" for agent in people) == agents


def test_required_staff_is_the_inverse_of_the_load_it_carries() -> None:
    for rostered in range(2, 80):
        load = load_of(at_work(rostered))
        assert rostered_for(load) == rostered
        assert rostered_for(load * 1.05) > rostered


def test_a_scenario_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        healthy_scenario(datetime.fromisoformat("2026-11-16T00:00:00"))


def test_the_reader_of_these_tests_sees_what_is_there(demo: Landed) -> None:
    feeds = {path.name for path in demo.landing.iterdir()}
    expected = {"service", "team", "agent", "agent_alias", "shift", "aux_code", "kpi_target"}
    expected |= {"staffing_requirement", "holiday", "roster", "agent_event", "call", "ring"}
    assert feeds - {"exception"} == expected | {"conversation"}
    assert all(demo.rows(feed) for feed in feeds)
