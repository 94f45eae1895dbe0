from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from rtm.simulator import Fault, FaultKind, Scenario, demo_scenario, healthy_scenario

from .conftest import NOW, Landed, Row, land, moment, scr

OUTCOMES = {"answered", "abandoned", "self_served", "blocked", "timed_out", "closed"}


def _day(scenario: Scenario, folder: Path) -> Landed:
    """In few files: how the day is cut is of no matter here."""
    coarse = replace(scenario, slice_s=900)
    return land(coarse, folder, scenario.start + timedelta(days=1))


def _pairs(rows: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The end of each and the start of the next."""
    ordered = sorted(rows)
    return [(ordered[n][1], ordered[n + 1][0]) for n in range(len(ordered) - 1)]


def test_every_call_ends_with_exactly_one_outcome(demo: Landed) -> None:
    ended = 0
    for rows in demo.versions("call").values():
        final = [row["outcome"] for row in rows if row["ended_at"]]
        assert len(set(final)) <= 1
        assert set(final) <= OUTCOMES
        if moment(rows[0]["arrived_at"]) < NOW - timedelta(hours=2):
            assert final, rows
            ended += 1
    assert ended > 1000


def test_every_outcome_of_the_contract_occurs(demo: Landed, demo_later: Landed) -> None:
    seen = {call["outcome"] for call in demo_later.calls}
    assert seen - {"open"} == OUTCOMES
    assert any(call["outcome"] == "abandoned" and not call["queued_at"] for call in demo.calls)


def test_a_call_is_exported_while_it_waits_and_while_it_is_talked_on(demo: Landed) -> None:
    outcomes = [
        [(row["outcome"], bool(row["ended_at"])) for row in rows]
        for rows in demo.versions("call").values()
    ]
    waited = [o for o in outcomes if o[0] == ("open", False) and ("answered", True) in o]
    talked = [o for o in outcomes if ("answered", False) in o and o[-1] == ("answered", True)]
    assert waited and talked


def test_a_later_version_of_a_call_has_a_higher_update_time(demo: Landed) -> None:
    for feed in ("call", "conversation"):
        several = [rows for rows in demo.versions(feed).values() if len(rows) > 1]
        assert several
        for rows in several:
            updates = [moment(row["updated_at"]) for row in rows]
            assert updates == sorted(set(updates))


def test_a_row_is_not_exported_before_it_happened(demo: Landed) -> None:
    newest = {"agent_event": "occurred_at", "call": "updated_at", "conversation": "updated_at"}
    for feed, column in newest.items():
        checked = 0
        for path in demo.files(feed):
            for row in demo.read(path):
                assert moment(row[column]).timestamp() < path.stat().st_mtime
                checked += 1
        assert checked > 100


def test_the_times_of_a_contact_are_in_order(demo: Landed) -> None:
    steps = ("arrived_at", "queued_at", "answered_at", "left_at", "ended_at")
    replies = ("received_at", "assigned_at", "first_response_at", "closed_at")
    for contacts, columns in ((demo.calls, steps), (demo.conversations, replies)):
        assert contacts
        for contact in contacts:
            times = [moment(contact[column]) for column in columns if contact[column]]
            assert times == sorted(times)


def test_talk_and_hold_fill_the_time_from_answer_to_end(demo: Landed) -> None:
    handled = [c for c in demo.calls if c["outcome"] == "answered" and c["ended_at"]]
    assert handled
    for call in handled:
        spent = moment(call["ended_at"]) - moment(call["answered_at"])
        told = float(call["talk_s"]) + float(call["hold_s"])
        assert abs(spent.total_seconds() - told) < 0.0005


def test_a_call_is_answered_by_an_agent_who_is_logged_in_and_not_in_aux(demo: Landed) -> None:
    states = {agent: _timeline(events) for agent, events in demo.events.items()}
    answered = [call for call in demo.calls if call["answered_at"]]
    assert len(answered) > 1000
    for call in answered:
        at = moment(call["answered_at"])
        before = [state for time, state in states[call["agent_id"]] if time <= at]
        assert before[-1] == "busy", call


def _timeline(events: list[Row]) -> list[tuple[datetime, str]]:
    names = {"login": "ready", "logout": "out"}
    return [
        (moment(event["occurred_at"]), names.get(event["event"], event["state"]))
        for event in events
    ]


def test_nobody_talks_to_two_callers_at_once(demo: Landed) -> None:
    by_agent: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for call in demo.calls:
        if call["answered_at"] and call["ended_at"]:
            after = timedelta(seconds=float(call["acw_s"] or 0))
            span = moment(call["answered_at"]), moment(call["ended_at"]) + after
            by_agent[call["agent_id"]].append(span)
    pairs = [pair for spans in by_agent.values() for pair in _pairs(spans)]
    assert len(pairs) > 1000
    assert all(end <= start for end, start in pairs)


def test_nobody_holds_more_conversations_than_allowed(demo: Landed) -> None:
    by_agent: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for conversation in demo.conversations:
        if conversation["assigned_at"]:
            by_agent[conversation["agent_id"]].append((moment(conversation["assigned_at"]), 1))
        if conversation["assigned_at"] and conversation["closed_at"]:
            by_agent[conversation["agent_id"]].append((moment(conversation["closed_at"]), -1))
    most = 0
    for changes in by_agent.values():
        held = 0
        for _, change in sorted(changes):
            held += change
            most = max(most, held)
    assert most == 3


def test_waiting_customers_are_served_in_order_unless_they_leave(demo: Landed) -> None:
    answered = [c for c in demo.calls if c["answered_at"] and c["service_code"] == "PRIORITAS"]
    ordered = sorted(answered, key=lambda call: moment(call["queued_at"]))
    times = [moment(call["answered_at"]) for call in ordered]
    assert len(times) > 100
    assert times == sorted(times)


def test_a_call_that_nobody_answers_rings_out_and_is_the_next_to_be_served(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    assert not _day(scenario, tmp_path / "healthy").files("ring")
    start = scenario.start + timedelta(hours=7)
    left = Fault(FaultKind.LEFT_RINGING, "UJI0008", start, amount=3)
    landed = _day(scenario.with_faults(left), tmp_path / "left")
    assert len(landed.rings) == 3
    calls = {call["call_id"]: call for call in landed.calls}
    first, last = moment(landed.rings[0]["rang_at"]), moment(landed.rings[-1]["stopped_at"])
    for ring in landed.rings:
        assert (ring["agent_id"], ring["was_answered"]) == ("UJI0008", "false")
        call = calls[ring["call_id"]]
        stopped = moment(ring["stopped_at"])
        assert moment(call["queued_at"]) <= moment(ring["rang_at"])
        if stopped - moment(ring["rang_at"]) < timedelta(seconds=20):
            assert moment(call["left_at"]) == stopped
        else:
            behind = [c for c in calls.values() if c["queued_at"] > call["queued_at"]]
            served = [moment(c["answered_at"]) for c in behind if c["answered_at"]]
            assert not [at for at in served if stopped <= at < moment(call["answered_at"])]
    own = [c for c in calls.values() if c["agent_id"] == "UJI0008" and c["answered_at"]]
    assert not [c for c in own if first <= moment(c["answered_at"]) <= last]
    assert [c for c in own if moment(c["answered_at"]) > last]


def test_a_customer_may_give_up_while_it_rings(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    (service,) = scenario.services
    impatient = replace(service, channels=(replace(service.channels[0], patience_s=20),))
    start = scenario.start + timedelta(hours=7)
    left = Fault(FaultKind.LEFT_RINGING, "UJI0008", start, amount=9)
    landed = _day(replace(scenario, services=(impatient,)).with_faults(left), tmp_path)
    gone = {call["call_id"]: call["left_at"] for call in landed.calls}
    short = [ring for ring in landed.rings if ring["stopped_at"] == gone[ring["call_id"]]]
    assert len(landed.rings) == 9 > len(short) > 2
    assert all(call["ended_at"] for call in landed.calls)


def test_fewer_agents_lower_the_success_call_rate(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    (service,) = scenario.services
    rates = []
    for missing in (0, 4, 8):
        agents = [agent for agent in service.agents if agent.role == "agent"][:missing]
        absent = [
            Fault(FaultKind.ABSENT, agent.agent_id, scenario.start + timedelta(hours=hour))
            for agent in agents
            for hour in (8, 15)
        ]
        landed = _day(scenario.with_faults(*absent), tmp_path / str(missing))
        rates.append(scr(landed.calls))
    assert rates[0] > 0.95
    assert rates[0] > rates[1] > rates[2]


def test_the_same_customers_come_whatever_the_staff(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    ill = scenario.with_faults(Fault(FaultKind.ABSENT, "UJI0007", scenario.start))
    shortage = Fault(
        FaultKind.SHORTFALL, "UJI", scenario.start, scenario.start + timedelta(days=1), 0.8
    )
    arrivals = [
        [(c["call_id"], c["arrived_at"]) for c in _day(s, tmp_path / str(n)).calls]
        for n, s in enumerate((scenario, ill.with_faults(shortage)))
    ]
    assert arrivals[0] == arrivals[1]
    assert len(arrivals[0]) > 100


def test_an_outage_rejects_every_call_and_nothing_outside_it(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    start, end = (scenario.start + timedelta(hours=hour) for hour in (10, 12))
    outage = Fault(FaultKind.OUTAGE, "UJI/voice", start, end)
    calls = _day(scenario.with_faults(outage), tmp_path).calls
    during = [call for call in calls if start <= moment(call["arrived_at"]) < end]
    assert len(during) > 10
    assert {call["outcome"] for call in during} == {"blocked"}
    assert {c["outcome"] for c in calls if c not in during}.isdisjoint({"blocked"})


def test_misrouted_agents_stay_ready_while_calls_wait(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    start, end = (scenario.start + timedelta(hours=hour) for hour in (10, 12))
    fault = Fault(FaultKind.MISROUTING, "UJI/voice", start, end, 0.7)

    def during(name: str, *faults: Fault) -> tuple[set[str], float]:
        calls = _day(scenario.with_faults(*faults), tmp_path / name).calls
        held = [c for c in calls if start <= moment(c["arrived_at"]) < end]
        answered = [c for c in held if c["outcome"] == "answered"]
        return {c["agent_id"] for c in answered}, len(answered) / len(held)

    everybody, share = during("healthy")
    some, share_misrouted = during("misrouted", fault)
    assert some < everybody
    assert share_misrouted < share - 0.1


def test_a_call_is_blocked_when_all_lines_are_taken(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    (service,) = scenario.services
    narrow = replace(service, channels=(replace(service.channels[0], trunks=2),))
    calls = _day(replace(scenario, services=(narrow,)), tmp_path).calls
    assert sum(call["outcome"] == "blocked" for call in calls) > 10
    changes: list[tuple[datetime, int]] = []
    for call in calls:
        if call["outcome"] not in ("blocked", "closed") and call["ended_at"]:
            changes += [(moment(call["arrived_at"]), 1), (moment(call["ended_at"]), -1)]
    in_use = [sum(change for _, change in sorted(changes)[:n]) for n in range(len(changes))]
    assert max(in_use) == 2


def test_a_service_with_opening_hours_closes(tmp_path: Path) -> None:
    calls = _day(healthy_scenario(), tmp_path).calls
    closed = [call for call in calls if call["outcome"] == "closed"]
    assert closed
    for call in calls:
        is_open = 7 <= moment(call["arrived_at"]).hour < 23
        assert is_open == (call["outcome"] != "closed")


def test_a_surge_and_slow_handling_last_as_long_as_told(tmp_path: Path) -> None:
    scenario = healthy_scenario()
    start, end = (scenario.start + timedelta(hours=hour) for hour in (9, 13))
    busy = scenario.with_faults(
        Fault(FaultKind.SURGE, "UJI/voice", start, end, 3.0),
        Fault(FaultKind.SLOW_HANDLING, "UJI/voice", start, end, 2.0),
    )
    usual, more = (_day(s, tmp_path / s.fingerprint).calls for s in (scenario, busy))

    def share(calls: list[Row]) -> tuple[int, int]:
        inside = sum(start <= moment(c["arrived_at"]) < end for c in calls)
        return inside, len(calls) - inside

    assert share(more)[1] == share(usual)[1]
    assert share(more)[0] > 2 * share(usual)[0]
    talks = [
        [
            float(c["talk_s"])
            for c in calls
            if c["talk_s"] and start <= moment(c["answered_at"]) < end
        ]
        for calls in (usual, more)
    ]
    assert sum(talks[1]) / len(talks[1]) > 1.6 * sum(talks[0]) / len(talks[0])


def test_an_outage_of_a_chat_leaves_conversations_lying_until_it_is_over(tmp_path: Path) -> None:
    scenario = demo_scenario(NOW).without_faults()
    start = scenario.start + timedelta(hours=10)
    end = start + timedelta(minutes=30)
    outage = Fault(FaultKind.OUTAGE, "DIGITAL/whatsapp", start, end)
    landed = land(scenario.with_faults(outage), tmp_path, end + timedelta(hours=3))
    during = [
        c
        for c in landed.conversations
        if c["service_code"] == "DIGITAL" and start <= moment(c["received_at"]) < end
    ]
    assert len(during) > 3
    assert all(not c["assigned_at"] or moment(c["assigned_at"]) >= end for c in during)
    assert any(c["first_response_at"] for c in during)
