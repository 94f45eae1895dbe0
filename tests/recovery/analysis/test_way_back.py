"""What the rest of the day needs, counted by hand, and whom one may ask."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import text

from rtm.recovery.analysis import find_way_back, people
from rtm.recovery.analysis.service import Breach
from rtm.recovery.analysis.way_back import Counted, _needed
from tests.recovery.analysis.troubled_centre import TROUBLES


def breach_of(comparator, target):
    now = datetime(2026, 11, 23).astimezone()
    return Breach("X", "voice", "scr", now, now, comparator, target, 0.0)


@pytest.mark.parametrize(
    ("comparator", "target", "counted", "rest", "needed"),
    [
        # 80 of 100 so far: of the 300 that come 300 may fail 0, for 380 of 400 are 95 %
        (">=", 95, (80, 100), 300, 100.0),
        (">=", 95, (79, 100), 300, None),
        (">=", 90, (80, 100), 100, 100.0),
        (">=", 50, (100, 100), 50, 0.0),
        ("<=", 5, (10, 100), 300, 100 * 10 / 300),
        ("<=", 5, (30, 100), 300, None),
        (">=", 95, (80, 100), 0, None),
        (">=", 95, (99, 100), 0, 95),
    ],
)
def test_the_rest_must_make_up_for_the_day_so_far(comparator, target, counted, rest, needed):
    found = _needed(breach_of(comparator, target), Counted(*counted, 100, 0, 0), rest)
    assert found == (None if needed is None else pytest.approx(needed))


@pytest.fixture
def surge(centre, connection):
    return find_way_back(connection, centre.breach("voice_surge", "scr"), centre.as_of)


def test_the_day_so_far_and_its_rest_are_the_marts_and_the_forecast(centre, connection, surge):
    service_code = TROUBLES["voice_surge"].service_code
    day = connection.execute(
        text(
            "select sum(scr_numerator), sum(scr_denominator) from marts.fct_scr_interval"
            " where service_code = :service_code"
        ),
        {"service_code": service_code},
    ).one()
    assert (surge.numerator, surge.denominator) == tuple(day)
    asked = surge.target / 100 * (surge.denominator + surge.expected_rest) - surge.numerator
    assert surge.needed_pct == pytest.approx(100 * asked / surge.expected_rest)
    assert surge.is_reachable and surge.needed_pct > surge.target
    forecast = connection.execute(
        text(
            "select sum(forecast_offered) from marts.fct_roster_evaluation"
            " where service_code = :service_code and interval_start >= :next"
            " and interval_start < :midnight"
        ),
        {
            "service_code": service_code,
            "next": surge.intervals[1].start_at,
            "midnight": surge.intervals[-1].end_at,
        },
    ).scalar_one()
    # Voice has somewhat less than half of the contacts.
    assert 0.35 < sum(i.expected for i in surge.intervals[1:]) / forecast < 0.55


def test_the_intervals_run_from_the_clock_to_midnight(centre, surge):
    assert surge.intervals[0].start_at == centre.as_of
    midnight = datetime.combine(
        centre.as_of.date() + timedelta(days=1), time(), centre.as_of.tzinfo
    )
    assert surge.intervals[-1].end_at == midnight
    for earlier, later in zip(surge.intervals, surge.intervals[1:], strict=False):
        assert earlier.end_at == later.start_at
    busy = surge.intervals[1]
    assert busy.expected_by == "forecast"
    assert busy.expected * busy.handling_s / 1800 < busy.needed < busy.rostered
    assert busy.missing == busy.needed - busy.rostered
    assert surge.intervals[-1].needed == 0


def test_it_can_be_told_as_json(surge):
    told = json.loads(json.dumps(surge.told()))
    assert told["kpi"] == "scr" and len(told["intervals"]) == len(surge.intervals)


def test_a_day_that_is_lost_says_so(centre, connection):
    breach = centre.breach("voice_surge", "scr", target=99.9)
    found = find_way_back(connection, breach, centre.as_of)
    assert (found.is_reachable, found.needed_pct) == (False, None)
    assert found.planned_pct == 99.5 and found.intervals[1].needed > 0


def test_conversations_are_staffed_by_how_many_an_agent_takes_at_a_time(centre, connection):
    found = find_way_back(connection, centre.breach("chat_left", "response_time"), centre.as_of)
    busy = found.intervals[1]
    assert 0.9 < busy.needed / (busy.expected * busy.handling_s / 1800) < 2.5


def test_without_a_forecast_the_same_weekday_tells_who_will_come(centre, changed):
    changed.execute(text("delete from raw.staffing_requirement"))
    breach = centre.breach("voice_surge", "scr")
    unknown = find_way_back(changed, breach, centre.as_of)
    assert (unknown.reason, unknown.is_reachable) == ("no_forecast", None)
    changed.execute(
        text(
            "insert into intermediate.int_voice_interval (service_code, channel, interval_start,"
            " offered) select service_code, 'voice', date_bin('30 minutes', :as_of, 'epoch')"
            " + n * interval '30 minutes' - week * interval '7 days', 40 + 10 * week"
            " from (values (:service_code)) as service (service_code),"
            " generate_series(0, 10) as n, generate_series(1, 2) as week"
        ),
        {"as_of": centre.as_of, "service_code": breach["service_code"]},
    )
    found = find_way_back(changed, breach, centre.as_of)
    assert {i.expected_by for i in found.intervals} == {"same_weekday"}
    assert [i.expected for i in found.intervals[1:11]] == [55] * 10
    assert found.intervals[0].expected == pytest.approx(55, abs=1)
    assert {i.expected for i in found.intervals[11:]} == {0}


# Who could be asked


def test_who_stays_in_aux_beyond_the_allowance_is_asked_first(centre, connection):
    found = find_way_back(connection, centre.breach("voice_aux", "scr"), centre.as_of)
    over = [c for c in found.candidates if c.why == "aux_over_allowance"]
    assert len(over) >= 3 and found.candidates[: len(over)] == tuple(over)
    assert [c.for_min for c in over] == sorted((c.for_min for c in over), reverse=True)
    assert all(c.aux_code == "ISTIRAHAT" and c.channel_share > 0.5 for c in over)
    # The morning shift ends at four in the afternoon.
    assert {round(c.helps_min) for c in over} == {round(over[0].helps_min)}


def test_nobody_is_called_back_from_a_break_within_the_allowance(centre, connection):
    found = find_way_back(connection, centre.breach("healthy", "scr"), centre.as_of)
    in_aux = connection.execute(
        text(
            "select distinct aux.agent_id from intermediate.int_agent_state as aux"
            " where starts_at <= :as_of and ends_at > :as_of and aux.aux_code = 'ISTIRAHAT'"
        ),
        {"as_of": centre.as_of},
    ).scalars()
    assert set(in_aux) & {agent.agent_id for agent in found.candidates} == set()


def test_people_in_training_and_those_in_work_that_can_wait_are_told(centre, changed):
    breach = centre.breach("healthy", "scr")
    service_code = breach["service_code"]
    working = list(
        changed.execute(
            text(
                "select shift.agent_id from intermediate.int_shift as shift"
                " inner join intermediate.int_agent_state as state"
                " on state.agent_id = shift.agent_id and state.starts_at <= :as_of"
                " and state.ends_at > :as_of and state.state <> 'aux'"
                " where shift.service_code = :service_code and shift.planned_start_at <= :as_of"
                " and shift.planned_end_at > :as_of and shift.function <> 'rtfm'"
                " order by shift.agent_id limit 2"
            ),
            {"as_of": centre.as_of, "service_code": service_code},
        ).scalars()
    )
    coached, trained = working
    changed.execute(
        text(
            "update intermediate.int_agent_state set state = 'aux', aux_code = 'COACHING'"
            " where agent_id = :agent_id and starts_at <= :as_of and ends_at > :as_of"
        ),
        {"agent_id": coached, "as_of": centre.as_of},
    )
    changed.execute(
        text("update intermediate.int_shift set kind = 'training' where agent_id = :agent_id"),
        {"agent_id": trained},
    )
    found = find_way_back(changed, breach, centre.as_of)
    whys = {agent.agent_id: agent.why for agent in found.candidates}
    assert (whys[coached], whys[trained]) == ("aux_that_can_wait", "in_training")
    assert [agent.why for agent in found.candidates[:2]] == ["aux_that_can_wait", "in_training"]


def test_who_is_off_is_asked_only_where_rest_and_nights_allow(centre, changed, monkeypatch):
    monkeypatch.setattr(people, "MOST_CANDIDATES", 1000)
    breach = centre.breach("healthy", "scr")
    off = [
        agent
        for agent in find_way_back(changed, breach, centre.as_of).candidates
        if agent.why == "off_today"
    ]
    assert len(off) > 5 and all(agent.helps_min <= 8 * 60 for agent in off)
    late, early, by_day = (agent.agent_id for agent in off[:3])
    shift = text(
        "insert into intermediate.int_shift (agent_id, service_code, roster_date, shift_code,"
        " function, kind, timezone, planned_start_at, planned_end_at, window_start_at,"
        " window_end_at) values (:agent_id, 'HARI100', cast(:start as date), 'X', 'agent',"
        " 'work', 'Asia/Jakarta', :start, :end, :start, :end)"
    )
    as_of, hour = centre.as_of, timedelta(hours=1)
    changed.execute(
        text("delete from intermediate.int_shift where agent_id = any(:agents)"),
        {"agents": [late, early, by_day]},
    )
    # Came home two hours ago; begins in twelve hours; may not work at night
    changed.execute(shift, {"agent_id": late, "start": as_of - 10 * hour, "end": as_of - 2 * hour})
    changed.execute(
        shift, {"agent_id": early, "start": as_of + 12 * hour, "end": as_of + 20 * hour}
    )
    changed.execute(
        text("update raw.agent set night_shift_allowed = 'false' where agent_id = :agent_id"),
        {"agent_id": by_day},
    )
    found = {agent.agent_id: agent for agent in find_way_back(changed, breach, as_of).candidates}
    assert found[late].helps_from_at == as_of + 9 * hour
    assert found[late].helps_min == 3.5 * 60 - 1 / 6
    assert found[early].helps_min == 60
    ten_pm = datetime.combine(as_of.date(), time(20), as_of.tzinfo)
    evening = {agent.agent_id: agent for agent in find_way_back(changed, breach, ten_pm).candidates}
    assert evening[by_day].helps_min == 3 * 60
