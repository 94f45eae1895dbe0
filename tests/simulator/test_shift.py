from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from rtm.simulator import Fault, FaultKind, healthy_scenario

from .conftest import Landed, Row, land, moment

AGENT_ID = "UJI0007"


def _window(fact: dict[str, object], demo: Landed) -> tuple[datetime, datetime]:
    """Planned start and end of the shift that a fact is about."""
    shift = next(s for s in demo.rows("shift") if s["shift_code"] == fact["shift_code"])
    offset = str(fact["from"])[-6:]
    start, end = (
        moment(f"{fact['roster_date']}T{shift[column]}:00{offset}")
        for column in ("start_time", "end_time")
    )
    return start, end if end > start else end + timedelta(days=1)


def _events(demo: Landed, fact: dict[str, object]) -> list[Row]:
    """Of the fact's agent, in the time that the shift owns."""
    start, end = _window(fact, demo)
    before, after = start - timedelta(hours=2), end + timedelta(hours=4)
    events = demo.events.get(str(fact["subject"]), [])
    return [event for event in events if before <= moment(event["occurred_at"]) < after]


def test_a_late_agent_logs_in_later_by_the_stated_amount(demo_later: Landed) -> None:
    facts = demo_later.truth("late")
    assert len(facts) > 3
    for fact in facts:
        start, _ = _window(fact, demo_later)
        first = _events(demo_later, fact)[0]
        assert first["event"] == "login"
        late = moment(first["occurred_at"]) - start
        assert late.total_seconds() == pytest.approx(fact["late_s"])
        assert late > timedelta(seconds=300)


def test_an_absent_agent_has_no_event(demo_later: Landed) -> None:
    facts = demo_later.truth("absent")
    assert len(facts) > 3
    assert not [event for fact in facts for event in _events(demo_later, fact)]


def test_who_forgets_to_log_out_has_no_logout(demo_later: Landed) -> None:
    facts = demo_later.truth("forgot_logout")
    assert len(facts) > 1
    for fact in facts:
        _, end = _window(fact, demo_later)
        events = _events(demo_later, fact)
        assert events
        assert not [e for e in events if e["event"] == "logout" and moment(e["occurred_at"]) > end]


def test_an_over_long_break_exceeds_the_allowance_by_the_stated_amount(demo_later: Landed) -> None:
    facts = demo_later.truth("aux_over")
    allowance_s = {
        row["aux_code"]: 60 * float(row["allowance_min_per_shift"])
        for row in demo_later.rows("aux_code")
    }
    assert len(facts) > 3
    for fact in facts:
        used_s = _aux_s(_events(demo_later, fact))[str(fact["aux_code"])]
        assert used_s == pytest.approx(fact["aux_s"])
        assert used_s - allowance_s[str(fact["aux_code"])] == pytest.approx(fact["excess_s"])


def _aux_s(events: list[Row]) -> dict[str, float]:
    used: dict[str, float] = {}
    for event, following in pairwise(events):
        if event["state"] == "aux":
            spent = moment(following["occurred_at"]) - moment(event["occurred_at"])
            used[event["aux_code"]] = used.get(event["aux_code"], 0) + spent.total_seconds()
    return used


def test_the_calls_that_were_left_ringing_are_the_rows_of_the_feed(demo_later: Landed) -> None:
    facts = demo_later.truth("left_ringing")
    person = {row["external_id"]: row["agent_id"] for row in demo_later.rows("agent_alias")}
    rung = [
        (person.get(row["agent_id"], row["agent_id"]), row["call_id"], moment(row["rang_at"]))
        for row in demo_later.rings
    ]
    told = [(fact["subject"], fact["call_id"], moment(str(fact["from"]))) for fact in facts]
    assert len(rung) > 4
    assert sorted(rung) == sorted(told)
    stopped = {(row["call_id"], moment(row["stopped_at"])) for row in demo_later.rings}
    assert stopped == {(fact["call_id"], moment(str(fact["to"]))) for fact in facts}


def test_an_ordinary_shift_crosses_no_tolerance_and_no_allowance(demo_later: Landed) -> None:
    named = {
        (str(fact["subject"]), str(fact["roster_date"]))
        for kind in ("late", "absent", "forgot_logout", "aux_over", "excused")
        for fact in demo_later.truth(kind)
    }
    for fact in demo_later.truth("shortfall"):
        agents = fact["agents"]
        assert isinstance(agents, list)
        named |= {(agent, day) for agent in agents for day in ("2026-11-23", "2026-11-22")}
    allowance_s = {
        row["aux_code"]: 60 * float(row["allowance_min_per_shift"])
        for row in demo_later.rows("aux_code")
    }
    zones = {row["service_code"]: row["timezone"] for row in demo_later.rows("service")}
    working = {row["shift_code"] for row in demo_later.rows("shift") if row["kind"] == "work"}
    checked = 0
    for row in demo_later.rows("roster"):
        is_over = "2026-11-22" <= row["roster_date"] <= "2026-11-23"
        key = (row["agent_id"], row["roster_date"])
        if row["shift_code"] not in working or not is_over or key in named:
            continue
        offset = "+08:00" if zones[row["service_code"]] == "Asia/Makassar" else "+07:00"
        shift = {**row, "subject": row["agent_id"], "from": offset}
        start, end = _window(dict(shift), demo_later)
        events = _events(demo_later, dict(shift))
        assert moment(events[0]["occurred_at"]) - start <= timedelta(seconds=300)
        assert events[-1]["event"] == "logout"
        assert moment(events[-1]["occurred_at"]) >= end
        assert sum(event["event"] == "login" for event in events) == 1
        assert all(used <= allowance_s[code] for code, used in _aux_s(events).items())
        checked += 1
    assert checked > 60


def test_a_shortage_sends_home_those_it_names(demo_later: Landed) -> None:
    (fact,) = demo_later.truth("shortfall")
    start, end = moment(str(fact["from"])), moment(str(fact["to"]))
    calls = [c for c in demo_later.calls if c["answered_at"]]
    settled = start + timedelta(minutes=30)
    missing = fact["agents"]
    assert isinstance(missing, list) and missing
    for call in calls:
        if settled <= moment(call["answered_at"]) < end:
            assert call["agent_id"] not in missing
    assert any(c["agent_id"] in missing for c in calls if moment(c["answered_at"]) < start)


def test_an_approved_exception_is_delivered_before_it_begins(tmp_path: Path) -> None:
    scenario = healthy_scenario(date(2026, 11, 17))
    start, end = (scenario.start + timedelta(hours=hour) for hour in (9, 11))
    fault = Fault(FaultKind.EXCUSED, AGENT_ID, start, end, detail="Kontrol kesehatan")
    landed = land(scenario.with_faults(fault), tmp_path, scenario.start + timedelta(days=1))
    (row,) = landed.rows("exception")
    (path,) = landed.files("exception")
    assert (moment(row["start_at"]), moment(row["end_at"])) == (start, end)
    assert row["approved_by"] and path.stat().st_mtime < start.timestamp()
    (fact,) = landed.truth("excused")
    assert fact["subject"] == AGENT_ID
    away = [c for c in landed.calls if c["agent_id"] == AGENT_ID]
    settled = start + timedelta(minutes=20)
    assert away
    assert not [c for c in away if settled <= moment(c["answered_at"]) < end]


def test_leaders_are_logged_in_and_monitor(demo: Landed) -> None:
    leaders = {row["agent_id"] for row in demo.rows("agent") if row["role"] == "team_leader"}
    present = leaders & set(demo.events)
    assert len(present) > 6
    for leader in present:
        assert {event["aux_code"] for event in demo.events[leader]} >= {"MONITOR"}
        assert not any(call["agent_id"] == leader for call in demo.calls)
