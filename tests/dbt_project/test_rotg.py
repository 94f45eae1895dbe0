"""Floor discipline (ROTG): each rule fires where it should and stays silent just short of it, says
on which rows it rests, and ends the same whenever its input comes.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts
from rtm.sources.canonical import ROTG_RULE
from tests.small_centre import DAY, MORNING, REFERENCE, roster

MINUTE = timedelta(minutes=1)
JAKARTA = ZoneInfo("Asia/Jakarta")
EVENTS = "event_id,occurred_at,agent_id,event,state,aux_code,source\n"
CALLS = (
    "call_id,service_code,direction,arrived_at,queued_at,answered_at,ended_at,agent_id,outcome,"
    "talk_s\n"
)
CONVERSATIONS = (
    "conversation_id,service_code,channel,received_at,assigned_at,first_response_at,agent_id,"
    "updated_at\n"
)
RINGS = "ring_id,call_id,service_code,agent_id,source,rang_at,stopped_at,was_answered,updated_at\n"
EXCEPTIONS = "exception_id,agent_id,start_at,end_at,reason,approved_by\n"
RULES = "service_code,rule_code,threshold,limit_s,is_active\n"
SHIFT_END = 9 * 60
"""17:00, in minutes after the morning."""
DAY_AFTER = 24 * 60


def at(minutes: float) -> str:
    return (MORNING + minutes * MINUTE).isoformat()


def event(event_id, minutes, agent, kind, state="", aux_code="", source=""):
    return f"{event_id},{at(minutes)},{agent},{kind},{state},{aux_code},{source}\n"


def talk(call_id, minutes, talk_s, agent="A1", service="KARTU"):
    """A call that was answered at that minute and talked for so long."""
    moment, end = at(minutes), at(minutes + talk_s / 60)
    return (
        f"{call_id},{service},inbound,{moment},{moment},{moment},{end},{agent},answered,{talk_s}\n"
    )


def ring(call_id, minutes, rang_s=20, agent="A1", answered="no", ring_id="", source="", updated=""):
    """A call that rang at that minute for so long; None: it still rings."""
    stop = "" if rang_s is None else at(minutes + rang_s / 60)
    return f"{ring_id},{call_id},KARTU,{agent},{source},{at(minutes)},{stop},{answered},{updated}\n"


@pytest.fixture
def centre(fill):
    """The small centre with its roster; brings its marts to each of so many minutes after the
    morning."""

    def run(*minutes):
        for minute in minutes:
            fill(MORNING + minute * MINUTE)

    return run


@pytest.fixture
def send(deliver):
    """Delivers rows of a feed, as a file that arrives so many minutes after the morning."""
    headers = {
        "agent_event": EVENTS,
        "call": CALLS,
        "ring": RINGS,
        "conversation": CONVERSATIONS,
        "exception": EXCEPTIONS,
        "rotg_rule": RULES,
        "agent_alias": "source,external_id,agent_id\n",
    }

    def write(feed, *rows, minute=0.0):
        name = f"{feed}-{minute}.csv"
        deliver(feed, name, headers[feed] + "".join(rows), MORNING + minute * MINUTE)

    return write


@pytest.fixture
def violations(query):
    """(agent, start and length in minutes, measured, evidence) of the violations of a rule."""

    def read(rule_code):
        rows = query(
            "select * from marts.fct_rotg_violation where rule_code = :rule_code"
            " order by agent_id, started_at",
            rule_code=rule_code,
        )
        return [
            (
                row["agent_id"],
                (row["started_at"] - MORNING) / MINUTE,
                (row["ended_at"] - row["started_at"]) / MINUTE,
                row["measured"],
                row["evidence"],
            )
            for row in rows
        ]

    return read


@pytest.fixture
def as_if_rebuilt(system, query):
    """Rebuilds everything at the same clock; the mart must not notice."""

    def check():
        def mart():
            return sorted(map(repr, query("select * from marts.fct_rotg_violation")))

        incremental = mart()
        (clock,) = query("select as_of from ops.clock")
        with system.warehouse.engine().begin() as connection:
            connection.execute(text("update ops.clock set needs_rebuild = true"))
        build_marts(system, clock["as_of"])
        assert mart() == incremental

    return check


def test_the_rules_that_a_site_can_state_are_the_rules_that_exist(query):
    codes = {row["rule_code"] for row in query("select rule_code from staging.stg_rotg__rule")}
    column = ROTG_RULE.column("rule_code")
    assert column is not None
    assert codes == set(column.choices)


# Logged in without a roster


def test_time_that_no_shift_owns_is_a_violation_beyond_its_threshold(
    centre, send, violations, query, as_if_rebuilt
):
    """The window of the shift ends at 21:00; A1 leaves 15 minutes later, A2 a second after that."""
    close = SHIFT_END + 4 * 60
    rows = [
        event(1, 0, "A1", "login"),
        event(2, 0, "A2", "login"),
        *(event(f"a{hour}", hour * 60, "A1", "state", "ready") for hour in range(1, 14)),
        *(event(f"b{hour}", hour * 60, "A2", "state", "ready") for hour in range(1, 14)),
        event(3, close + 15, "A1", "logout"),
        event(4, close + 15 + 1 / 60, "A2", "logout"),
    ]
    send("agent_event", *rows, minute=close + 20)
    centre(close + 20, DAY_AFTER)
    assert violations("login_without_roster") == [
        ("A2", close, pytest.approx(15 + 1 / 60), 901, {"event_ids": ["2"]})
    ]
    (row,) = query("select * from marts.fct_rotg_violation")
    assert (row["shift_code"], row["roster_date"], row["service_code"]) == (None, DAY, "KARTU")
    assert (row["threshold"], row["unit"], row["severity"]) == (900, "s", "warning")
    assert not row["is_provisional"]
    as_if_rebuilt()


def test_time_without_a_roster_runs_on_over_midnight(
    centre, send, violations, as_if_rebuilt, query
):
    """K1 is on no roster: logged in from 23:50 until 00:10, watched every few minutes."""
    start = 15 * 60 + 50
    send("agent_event", event(1, start, "K1", "login"), minute=start)
    centre(start, start + 5, start + 12, start + 16)
    (row,) = query("select started_at, ended_at, is_provisional from marts.fct_rotg_violation")
    assert row["is_provisional"]
    assert row["ended_at"] - row["started_at"] == 16 * MINUTE
    send("agent_event", event(2, start + 20, "K1", "logout"), minute=start + 20)
    centre(start + 21, DAY_AFTER)
    evidence = {"event_ids": ["1"]}
    assert violations("login_without_roster") == [("K1", start, 20, 1200, evidence)]
    as_if_rebuilt()


def test_a_roster_that_comes_later_makes_the_time_rostered(
    centre, send, deliver, violations, as_if_rebuilt
):
    rows = [event(1, 0, "K1", "login"), event(2, 60, "K1", "logout")]
    send("agent_event", *rows, minute=60)
    centre(60)
    assert len(violations("login_without_roster")) == 1
    later = roster() + f"KARTU,K1,{DAY},P,agent\n"
    deliver("roster", "roster2.csv", later, MORNING + 70 * MINUTE)
    centre(71)
    assert violations("login_without_roster") == []
    as_if_rebuilt()


# Two stations at once

PHONES = "pbx,X1,A1\ncrm,Y1,A1\n"


def two_stations(overlap_min):
    """A1 is at X1 from 08:00, and at Y1 as well for the last minutes before the logout."""
    return [
        event(1, 0, "X1", "login", source="pbx"),
        event(2, 60 - overlap_min, "Y1", "login", source="crm"),
        event(3, 60, "X1", "logout", source="pbx"),
    ]


STATIONS = {
    "stations": [
        {"source": "pbx", "external_id": "X1", "event_id": "1"},
        {"source": "crm", "external_id": "Y1", "event_id": "2"},
    ]
}


def test_two_stations_overlap_longer_than_a_handover(
    centre, send, violations, query, as_if_rebuilt
):
    send("agent_alias", PHONES)
    send("agent_event", *two_stations(overlap_min=10), minute=55)
    centre(55)
    assert violations("two_stations") == [("A1", 50, 5, 300, STATIONS)]
    centre(61)
    assert violations("two_stations") == [("A1", 50, 10, 600, STATIONS)]
    (row,) = query("select * from marts.fct_rotg_violation where rule_code = 'two_stations'")
    assert (row["shift_code"], row["severity"]) == ("P", "critical")
    as_if_rebuilt()


def test_a_handover_from_one_station_to_another_is_none(centre, send, violations, as_if_rebuilt):
    send("agent_alias", PHONES)
    send("agent_event", *two_stations(overlap_min=1), minute=61)
    centre(61)
    assert violations("two_stations") == []
    as_if_rebuilt()


def test_a_late_alias_shows_the_second_station(centre, send, violations, as_if_rebuilt):
    send("agent_alias", "pbx,X1,A1\n")
    send("agent_event", *two_stations(overlap_min=10), minute=61)
    centre(61)
    assert violations("two_stations") == []
    send("agent_alias", "crm,Y1,A1\n", minute=70)
    centre(71)
    assert violations("two_stations") == [("A1", 50, 10, 600, STATIONS)]
    as_if_rebuilt()


# AUX and after-call work


def stretch(minutes, state, aux_code=""):
    """A1 is in one state from 09:00 for so many minutes."""
    return [
        event(1, 0, "A1", "login"),
        event(2, 60, "A1", "state", state, aux_code),
        event(3, 60 + minutes, "A1", "state", "ready"),
        event(4, SHIFT_END, "A1", "logout"),
    ]


STRETCHES = [
    pytest.param("aux_over_occurrence", "aux", "ISTIRAHAT", 30, id="aux_over_occurrence"),
    pytest.param("aux_unmapped", "aux", "KOPI", 0, id="aux_unmapped"),
    pytest.param("acw_over_limit", "acw", "", 3, id="acw_over_limit"),
]


def proof(aux_code):
    return {"event_ids": ["2"]} | ({"aux_code": aux_code} if aux_code else {})


@pytest.mark.parametrize(("rule", "state", "aux_code", "limit_min"), STRETCHES)
def test_a_stretch_beyond_its_limit(
    centre, send, violations, query, as_if_rebuilt, rule, state, aux_code, limit_min
):
    send("agent_event", *stretch(limit_min + 1, state, aux_code), minute=SHIFT_END)
    centre(60 + limit_min, 62 + limit_min, SHIFT_END)
    measured = 60 * (limit_min + 1)
    assert violations(rule) == [("A1", 60, limit_min + 1, measured, proof(aux_code))]
    (row,) = query("select * from marts.fct_rotg_violation")
    assert (row["shift_code"], row["roster_date"], row["service_code"]) == ("P", DAY, "KARTU")
    assert (row["threshold"], row["is_provisional"]) == (60 * limit_min, True)
    centre(DAY_AFTER)
    assert not query("select is_provisional from marts.fct_rotg_violation")[0]["is_provisional"]
    over = query("select 1 from marts.fct_aux_usage where is_over_occurrence")
    assert bool(over) == (rule == "aux_over_occurrence")
    as_if_rebuilt()


@pytest.mark.parametrize(("rule", "state", "aux_code", "limit_min"), STRETCHES)
def test_a_stretch_of_exactly_its_limit_is_none(
    centre, send, violations, rule, state, aux_code, limit_min
):
    code = "ISTIRAHAT" if rule == "aux_unmapped" else aux_code
    send("agent_event", *stretch(limit_min or 5, state, code), minute=SHIFT_END)
    centre(SHIFT_END)
    assert violations(rule) == []


@pytest.mark.parametrize(("rule", "state", "aux_code", "limit_min"), STRETCHES)
def test_time_inside_an_approved_exception_is_taken_out_of_a_stretch(
    centre, send, violations, as_if_rebuilt, rule, state, aux_code, limit_min
):
    send("agent_event", *stretch(limit_min + 10, state, aux_code), minute=SHIFT_END)
    centre(SHIFT_END)
    assert len(violations(rule)) == 1
    excused = f"E1,A1,{at(50)},{at(70)},rapat"
    send("exception", f"{excused},\n", minute=SHIFT_END + 1)
    centre(SHIFT_END + 2)
    assert len(violations(rule)) == 1
    send("exception", f"{excused},L1\n", minute=SHIFT_END + 3)
    centre(SHIFT_END + 4)
    assert violations(rule) == []
    as_if_rebuilt()


def test_an_exception_cuts_a_stretch_in_two(centre, send, violations, as_if_rebuilt):
    send("agent_event", *stretch(20, "acw"), minute=SHIFT_END)
    send("exception", f"E1,A1,{at(68)},{at(72)},rapat,L1\n", minute=SHIFT_END)
    centre(SHIFT_END)
    evidence = {"event_ids": ["2"]}
    assert violations("acw_over_limit") == [
        ("A1", 60, 8, 480, evidence),
        ("A1", 72, 8, 480, evidence),
    ]
    as_if_rebuilt()


def test_a_code_that_becomes_known_is_unmapped_no_more(
    centre, send, deliver, violations, as_if_rebuilt
):
    send("agent_event", *stretch(5, "aux", "KOPI"), minute=SHIFT_END)
    centre(SHIFT_END)
    assert len(violations("aux_unmapped")) == 1
    known = REFERENCE["aux_code"].splitlines()[0] + "\nKOPI,Kopi,rest,15,4\n"
    deliver("aux_code", "more.csv", known, MORNING + (SHIFT_END + 5) * MINUTE)
    centre(SHIFT_END + 5)
    assert violations("aux_unmapped") == []
    assert violations("aux_over_occurrence") == [("A1", 60, 5, 300, proof("KOPI"))]
    as_if_rebuilt()


# Short calls in a row


def test_three_short_calls_in_a_row_are_call_avoidance(
    centre, send, violations, query, as_if_rebuilt
):
    rows = [talk("C1", 10, 60), talk("C2", 12, 9), talk("C3", 14, 9), talk("C4", 16, 9.5)]
    send("call", *rows, talk("C5", 18, 10), minute=20)
    centre(15, 16, 20)
    evidence = {"call_ids": ["C2", "C3", "C4"]}
    assert violations("short_calls_in_row") == [
        ("A1", 12, pytest.approx(4 + 9.5 / 60), 3, evidence)
    ]
    (row,) = query("select * from marts.fct_rotg_violation")
    assert (row["shift_code"], row["unit"], row["comparator"]) == ("P", "calls", ">=")
    assert row["is_provisional"]
    as_if_rebuilt()


@pytest.mark.parametrize(
    "third",
    [talk("C3", 14, 10), talk("C3", 14, 9, agent="A2"), talk("C3", 14, 9).replace("in", "out", 1)],
    ids=["not short", "another agent", "outbound"],
)
def test_two_short_calls_in_a_row_are_none(centre, send, violations, third):
    send("call", talk("C1", 10, 9), talk("C2", 12, 9), third, minute=20)
    centre(20)
    assert violations("short_calls_in_row") == []


def test_a_late_call_breaks_a_row_and_a_corrected_one_mends_it(
    centre, send, violations, as_if_rebuilt
):
    rows = [talk(f"C{n}", 10 + 2 * n, 5) for n in range(6)]
    send("call", *rows, minute=30)
    centre(30)
    assert [found[3] for found in violations("short_calls_in_row")] == [6]
    send("call", talk("LATE", 15, 45), minute=40)
    centre(40)
    assert [found[3] for found in violations("short_calls_in_row")] == [3, 3]
    as_if_rebuilt()
    send("call", talk("LATE", 15, 4), minute=50)
    centre(50)
    assert [found[3] for found in violations("short_calls_in_row")] == [7]
    as_if_rebuilt()
    # The same call was another agent's
    send("call", talk("C2", 14, 4, agent="A2"), minute=60)
    centre(60)
    assert [found[0:1] + found[3:4] for found in violations("short_calls_in_row")] == [("A1", 6)]
    as_if_rebuilt()


def test_calls_inside_an_approved_exception_are_not_looked_at(
    centre, send, violations, as_if_rebuilt
):
    """Neither do they make a row nor break one."""
    rows = [talk("C1", 10, 5), talk("C2", 12, 5), talk("C3", 14, 60), talk("C4", 16, 5)]
    send("call", *rows, minute=20)
    centre(20)
    assert violations("short_calls_in_row") == []
    send("exception", f"E1,A1,{at(13)},{at(15)},uji telepon,L1\n", minute=30)
    centre(30)
    evidence = {"call_ids": ["C1", "C2", "C4"]}
    assert [found[4] for found in violations("short_calls_in_row")] == [evidence]
    as_if_rebuilt()
    send("exception", f"E1,A1,{at(11)},{at(15)},uji telepon,L1\n", minute=40)
    centre(40)
    assert violations("short_calls_in_row") == []
    as_if_rebuilt()


def test_an_alias_that_moves_takes_its_calls_along(centre, send, violations, as_if_rebuilt):
    """A1 loses the call that broke the row; A2 gets it."""
    rows = [talk("C1", 10, 5), talk("C2", 12, 5), talk("C3", 14, 60, "X9"), talk("C4", 16, 5)]
    send("agent_alias", "pbx,X9,A1\n")
    send("call", *rows, *(talk(f"D{n}", 20 + n, 5, "X8") for n in range(3)), minute=30)
    centre(30)
    assert violations("short_calls_in_row") == []
    send("agent_alias", "pbx,X9,A2\npbx,X8,A2\n", minute=40)
    centre(40)
    found = [(agent, proof["call_ids"]) for agent, *_, proof in violations("short_calls_in_row")]
    assert found == [("A1", ["C1", "C2", "C4"]), ("A2", ["D0", "D1", "D2"])]
    as_if_rebuilt()
    # Two sources name two agents: it stands for nobody
    send("agent_alias", "crm,X8,A1\n", minute=50)
    centre(50)
    assert [found[0] for found in violations("short_calls_in_row")] == ["A1"]
    as_if_rebuilt()


@pytest.mark.parametrize(("feed", "row"), [("call", talk), ("ring", ring)])
def test_a_row_moves_with_the_roster(centre, send, deliver, query, as_if_rebuilt, feed, row):
    send(feed, *(row(f"C{n}", 10 + n, 8) for n in range(3)), minute=20)
    centre(20)
    later = roster().replace("A1,2026-11-23,P,pic", "A1,2026-11-23,OFF,")
    later = later.replace("A2,2026-11-23,P,agent", "A2,2026-11-23,P,pic")
    deliver("roster", "roster2.csv", later, MORNING + 30 * MINUTE)
    assert query("select shift_code from marts.fct_rotg_violation") == [{"shift_code": "P"}]
    centre(31)
    assert query("select shift_code from marts.fct_rotg_violation") == [{"shift_code": None}]
    as_if_rebuilt()


# Calls left ringing


def rung(*rings):
    """The evidence of rings, each given by call and minute."""
    moments = (MORNING + minute * MINUTE for _, minute in rings)
    return {
        "rings": [
            {"call_id": call_id, "rang_at": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"}
            for (call_id, _), moment in zip(rings, moments, strict=True)
        ]
    }


def test_three_rings_in_a_row_that_nobody_answered(centre, send, violations, query, as_if_rebuilt):
    """A call may ring at one desk again; an answered one and one of 4.9 s end the row."""
    rows = [
        ring("C1", 10, answered="yes"),
        ring("C2", 12, 5),
        ring("C3", 14),
        ring("C3", 15),
        ring("C4", 16, 4.9),
        ring("C5", 18),
    ]
    send("ring", *rows, minute=20)
    centre(13, 15.2, 20)
    evidence = rung(("C2", 12), ("C3", 14), ("C3", 15))
    found = ("A1", 12, pytest.approx(3 + 20 / 60), 3, evidence)
    assert violations("ringing_unanswered") == [found]
    (row,) = query("select * from marts.fct_rotg_violation")
    assert (row["shift_code"], row["unit"], row["comparator"]) == ("P", "rings", ">=")
    assert (row["threshold"], row["severity"]) == (3, "warning")
    assert row["is_provisional"]
    as_if_rebuilt()


THIRD = {
    "answered": ring("C3", 14, answered="ya"),
    "not long enough": ring("C3", 14, 4.9),
    "nobody says that it was left": ring("C3", 14, answered=""),
    "at another desk": ring("C3", 14, agent="A2"),
    "at a desk that nobody knows": ring("C3", 14, agent="X9"),
    "still ringing": ring("C3", 14, None, answered=""),
    "still ringing at the clock": ring("C3", 19.9),
    "after the clock": ring("C3", 20.1),
    "stopped before it began": ring("C3", 14, -20),
}


@pytest.mark.parametrize("third", THIRD.values(), ids=THIRD.keys())
def test_two_rings_in_a_row_are_none(centre, send, violations, third):
    send("ring", ring("C1", 10), ring("C2", 12), third, minute=20)
    centre(20)
    assert violations("ringing_unanswered") == []


def test_a_ring_counts_when_the_clock_has_passed_its_end(centre, send, violations, as_if_rebuilt):
    send("ring", ring("C1", 10), ring("C2", 12), ring("C3", 14), minute=13)
    centre(13, 13.5, 14, 14.3)
    assert violations("ringing_unanswered") == []
    as_if_rebuilt()
    centre(14.5)
    assert [found[3] for found in violations("ringing_unanswered")] == [3]
    as_if_rebuilt()


def test_an_answered_call_breaks_a_row_of_rings(centre, send, violations, as_if_rebuilt):
    """Not every source tells of the rings that were answered; at one moment the answer is first."""
    rows = [ring("C1", 10), ring("C2", 12), ring("C3", 14), ring("C4", 16)]
    send("ring", *rows, minute=20)
    centre(20)
    assert [found[3] for found in violations("ringing_unanswered")] == [4]
    send("call", talk("C9", 12, 200), minute=21)
    centre(21)
    evidence = rung(("C2", 12), ("C3", 14), ("C4", 16))
    assert [found[4] for found in violations("ringing_unanswered")] == [evidence]
    as_if_rebuilt()
    send("call", talk("C8", 13, 200), minute=22)
    centre(22)
    assert violations("ringing_unanswered") == []
    as_if_rebuilt()
    send("call", talk("C8", 13, 200, agent="A2"), minute=23)
    centre(23)
    assert [found[4] for found in violations("ringing_unanswered")] == [evidence]
    as_if_rebuilt()


def test_a_late_ring_breaks_a_row_and_a_corrected_one_mends_it(
    centre, send, violations, as_if_rebuilt
):
    def found():
        return [(agent, measured) for agent, _, _, measured, _ in violations("ringing_unanswered")]

    rows = [ring(f"C{n}", 10 + 2 * n, ring_id=f"R{n}") for n in range(6)]
    send("ring", *rows, minute=30)
    centre(30)
    assert found() == [("A1", 6)]
    send("ring", ring("LATE", 15, answered="yes", updated=at(31)), minute=40)
    centre(40)
    assert found() == [("A1", 3), ("A1", 3)]
    as_if_rebuilt()
    # An older version changes nothing; the same ring, told in another zone, was not answered
    older = ring("LATE", 15, answered="no", updated=at(30))
    newer = ring("LATE", 15, answered="no", updated=at(32)).replace(
        at(15), (MORNING + 15 * MINUTE).astimezone(JAKARTA).isoformat()
    )
    send("ring", older, minute=41)
    centre(41)
    assert found() == [("A1", 3), ("A1", 3)]
    send("ring", newer, minute=50)
    centre(50)
    assert found() == [("A1", 7)]
    as_if_rebuilt()
    # By its id it is the same ring, at another desk, or at another time
    send("ring", ring("C2", 14, agent="A2", ring_id="R2"), minute=60)
    centre(60)
    assert found() == [("A1", 6)]
    as_if_rebuilt()
    send("ring", ring("C0", 11, ring_id="R0"), minute=61)
    centre(61)
    assert [found[1] for found in violations("ringing_unanswered")] == [11]
    as_if_rebuilt()
    others = [ring(f"C{n}", 10 + 2 * n, ring_id=f"R{n}", agent="A2") for n in range(6)]
    send("ring", *others, minute=62)
    centre(62)
    assert found() == [("A2", 6)]
    as_if_rebuilt()


def test_rings_inside_an_approved_exception_are_not_looked_at(
    centre, send, violations, as_if_rebuilt
):
    """Neither do they make a row nor break one."""
    rows = [ring("C1", 10), ring("C2", 12), ring("C3", 14, answered="yes"), ring("C4", 16)]
    send("ring", *rows, minute=20)
    centre(20)
    assert violations("ringing_unanswered") == []
    send("exception", f"E1,A1,{at(13)},{at(15)},uji telepon,L1\n", minute=30)
    centre(30)
    evidence = rung(("C1", 10), ("C2", 12), ("C4", 16))
    assert [found[4] for found in violations("ringing_unanswered")] == [evidence]
    as_if_rebuilt()
    send("exception", f"E1,A1,{at(11)},{at(15)},uji telepon,L1\n", minute=40)
    centre(40)
    assert violations("ringing_unanswered") == []
    as_if_rebuilt()


def test_a_desk_is_named_by_its_source_or_without_one_by_the_only_agent_of_that_id(
    centre, send, violations, as_if_rebuilt
):
    def found():
        return [
            (agent, [ring["call_id"] for ring in proof["rings"]])
            for agent, *_, proof in violations("ringing_unanswered")
        ]

    desks = {"P": ("X9", "pbx"), "C": ("X9", "crm"), "N": ("X9", ""), "O": ("A2", "pbx")}
    rows = [
        ring(f"{desk}{n}", 10 + 10 * step + n, agent=agent, source=source)
        for step, (desk, (agent, source)) in enumerate(desks.items())
        for n in range(3)
    ]
    send("ring", *rows, minute=60)
    centre(60)
    # An agent's own id is good in any source; X9 waits for its agent
    assert found() == [("A2", ["O0", "O1", "O2"])]
    send("agent_alias", "pbx,X9,A1\n", minute=61)
    centre(61)
    assert found() == [("A1", ["P0", "P1", "P2", "N0", "N1", "N2"]), ("A2", ["O0", "O1", "O2"])]
    as_if_rebuilt()
    # Two sources name two agents: without a source it stands for nobody
    send("agent_alias", "crm,X9,A2\n", minute=62)
    centre(62)
    assert found() == [("A1", ["P0", "P1", "P2"]), ("A2", ["C0", "C1", "C2", "O0", "O1", "O2"])]
    as_if_rebuilt()
    # A source gives the id of A2 to somebody else
    send("agent_alias", "pbx,A2,K1\n", minute=63)
    centre(63)
    assert found() == [
        ("A1", ["P0", "P1", "P2"]),
        ("A2", ["C0", "C1", "C2"]),
        ("K1", ["O0", "O1", "O2"]),
    ]
    as_if_rebuilt()
    send("agent_alias", "pbx,X9,A2\ncrm,X9,K1\n", minute=64)
    centre(64)
    assert found() == [
        ("A2", ["P0", "P1", "P2"]),
        ("K1", ["C0", "C1", "C2", "O0", "O1", "O2"]),
    ]
    as_if_rebuilt()


def test_a_naive_ring_is_read_in_the_zone_of_its_service(centre, send, violations):
    rows = [ring(f"C{n}", 10 + n).replace("T01:", "T08:").replace("+00:00", "") for n in range(3)]
    send("ring", *rows, minute=20)
    centre(20)
    evidence = rung(("C0", 10), ("C1", 11), ("C2", 12))
    assert [found[4] for found in violations("ringing_unanswered")] == [evidence]


def test_a_site_need_not_deliver_rings(centre, send, query):
    """The feed is no log that can be behind: days without a ring are no trouble."""
    stale = "select feed from marts.rpt_feed_freshness where is_stale"
    send("call", talk("C1", 10, 60), minute=11)
    centre(12)
    assert query(stale) == []
    send("ring", ring("C2", 12), minute=13)
    send("call", talk("C3", DAY_AFTER, 60), minute=DAY_AFTER + 1)
    centre(13, DAY_AFTER + 2)
    assert query(stale) == []
    (fresh,) = query("select latest_event_at from marts.rpt_feed_freshness where feed = 'ring'")
    assert fresh["latest_event_at"] == MORNING + 12 * MINUTE


# Leaving with work waiting


def waiting(conversation_id, answered=None, assigned=SHIFT_END - 30, agent="A1", updated=None):
    first_response = at(answered) if answered is not None else ""
    return (
        f"{conversation_id},KARTU,chat,{at(SHIFT_END - 60)},{at(assigned)},{first_response},"
        f"{agent},{at(updated or assigned)}\n"
    )


def leaving(minutes):
    return [event(1, 0, "A1", "login"), event(2, minutes, "A1", "logout")]


def test_whoever_leaves_with_conversations_waiting(centre, send, violations, query, as_if_rebuilt):
    send("agent_event", *leaving(SHIFT_END - 10), minute=SHIFT_END - 10)
    send("conversation", waiting("V1"), waiting("V2"), minute=SHIFT_END - 20)
    centre(SHIFT_END - 5)
    assert violations("left_with_waiting") == []
    centre(SHIFT_END)
    evidence = {"conversation_ids": ["V1", "V2"], "event_ids": ["2"]}
    assert violations("left_with_waiting") == [("A1", SHIFT_END - 10, 0, 2, evidence)]
    (row,) = query("select * from marts.fct_rotg_violation")
    assert (row["shift_code"], row["unit"], row["is_provisional"]) == ("P", "conversations", True)
    as_if_rebuilt()
    # He comes back
    send("agent_event", event(3, SHIFT_END + 1, "A1", "login"), minute=SHIFT_END + 1)
    centre(SHIFT_END + 2)
    assert violations("left_with_waiting") == []
    as_if_rebuilt()


@pytest.mark.parametrize(
    ("left", "row"),
    [
        (SHIFT_END + 6, waiting("V1")),
        (SHIFT_END, waiting("V1", answered=SHIFT_END - 1)),
        (SHIFT_END, waiting("V1", assigned=SHIFT_END + 1)),
        (SHIFT_END, waiting("V1", agent="A2")),
    ],
    ids=["stayed longer", "answered before", "assigned after", "somebody else's"],
)
def test_leaving_with_nothing_waiting_is_none(centre, send, violations, left, row):
    send("agent_event", *leaving(left), minute=left)
    send("conversation", row, minute=left)
    centre(SHIFT_END + 10)
    assert violations("left_with_waiting") == []


def test_leaving_inside_an_approved_exception_is_none(centre, send, violations, as_if_rebuilt):
    send("agent_event", *leaving(SHIFT_END - 60), minute=SHIFT_END)
    send("conversation", waiting("V1", assigned=SHIFT_END - 90), minute=SHIFT_END)
    send("conversation", waiting("V2"), minute=SHIFT_END + 0.5)
    centre(SHIFT_END + 1)
    assert [found[3] for found in violations("left_with_waiting")] == [1]
    exception = f"E1,A1,{at(SHIFT_END - 60)},{at(SHIFT_END)},izin,L1\n"
    send("exception", exception, minute=SHIFT_END + 2)
    centre(SHIFT_END + 3)
    assert violations("left_with_waiting") == []
    as_if_rebuilt()


def test_a_session_that_closed_itself_does_not_say_when_its_agent_left(
    centre, send, deliver, violations
):
    service = REFERENCE["service"].splitlines()
    tolerant = f"{service[0]},logout_tolerance_s\n{service[1]},7200\n"
    deliver("service", "tolerant.csv", tolerant, MORNING)
    send("agent_event", event(1, 0, "A1", "login"), minute=0)
    send("conversation", waiting("V1"), minute=SHIFT_END)
    centre(SHIFT_END, SHIFT_END + 90)
    assert violations("left_with_waiting") == []


def test_a_late_answer_and_a_late_alias_change_what_was_waiting(
    centre, send, violations, as_if_rebuilt
):
    send("agent_event", *leaving(SHIFT_END), minute=SHIFT_END)
    send("conversation", waiting("V1", agent="X9"), minute=SHIFT_END)
    centre(SHIFT_END + 1)
    assert violations("left_with_waiting") == []
    send("agent_alias", "chat,X9,A1\n", minute=SHIFT_END + 5)
    centre(SHIFT_END + 5)
    assert len(violations("left_with_waiting")) == 1
    as_if_rebuilt()
    send("agent_alias", "chat,X9,A2\n", minute=SHIFT_END + 6)
    centre(SHIFT_END + 6)
    assert violations("left_with_waiting") == []
    send("agent_alias", "chat,X9,A1\n", minute=SHIFT_END + 7)
    centre(SHIFT_END + 7)
    assert len(violations("left_with_waiting")) == 1
    late = waiting("V1", answered=SHIFT_END - 1, agent="X9", updated=SHIFT_END)
    send("conversation", late, minute=SHIFT_END + 8)
    centre(SHIFT_END + 8)
    assert violations("left_with_waiting") == []
    as_if_rebuilt()


# Thresholds


def test_a_service_states_its_own_thresholds(centre, send, query, as_if_rebuilt):
    """Every rule but that of two stations, one measured value just above its default."""
    send(
        "agent_event",
        event(1, 0, "A1", "login"),
        event(2, 60, "A1", "state", "aux", "ISTIRAHAT"),
        event(3, 91, "A1", "state", "acw"),
        event(4, 95, "A1", "state", "aux", "KOPI"),
        event(5, 96, "A1", "logout"),
        event(6, 0, "K1", "login"),
        event(7, 16, "K1", "logout"),
        minute=100,
    )
    send("call", *(talk(f"C{n}", 10 + n, 5) for n in range(3)), minute=100)
    send("ring", *(ring(f"R{n}", 20 + n, 5.5) for n in range(3)), minute=100)
    send("conversation", waiting("V1", assigned=90).replace(at(480), at(90)), minute=100)
    centre(100, SHIFT_END + 10)

    def found():
        rows = query("select rule_code, threshold from marts.fct_rotg_violation")
        return {row["rule_code"]: row["threshold"] for row in rows}

    assert found() == {
        "login_without_roster": 900,
        "aux_over_occurrence": 1800,
        "aux_unmapped": 0,
        "short_calls_in_row": 3,
        "ringing_unanswered": 3,
        "acw_over_limit": 180,
        "left_with_waiting": 1,
    }
    higher = [
        "KARTU,login_without_roster,960,,\n",
        "KARTU,aux_over_occurrence,60,,\n",
        "KARTU,AUX_UNMAPPED,,,tidak\n",
        "KARTU,short_calls_in_row,3,5,ya\n",
        "KARTU,ringing_unanswered,,6,\n",
        "KARTU,acw_over_limit,240,,\n",
        "KARTU,left_with_waiting,2,,\n",
    ]
    send("rotg_rule", *higher, minute=SHIFT_END + 11)
    centre(SHIFT_END + 12)
    assert found() == {}
    as_if_rebuilt()
    lower = [
        "KARTU,login_without_roster,959,,\n",
        "KARTU,aux_over_occurrence,59,,\n",
        "KARTU,aux_unmapped,59,,\n",
        "KARTU,short_calls_in_row,,5.1,\n",
        "KARTU,ringing_unanswered,2,,\n",
        "KARTU,acw_over_limit,239,,\n",
        "KARTU,left_with_waiting,,,\n",
    ]
    send("rotg_rule", *lower, minute=SHIFT_END + 13)
    centre(SHIFT_END + 14)
    assert found() == {
        "login_without_roster": 959,
        "aux_over_occurrence": 1859,
        "aux_unmapped": 59,
        "short_calls_in_row": 3,
        "ringing_unanswered": 2,
        "acw_over_limit": 239,
        "left_with_waiting": 1,
    }
    as_if_rebuilt()


def test_the_threshold_of_one_service_is_not_that_of_another(centre, send, deliver, violations):
    other = REFERENCE["service"].replace("KARTU", "KREDIT")
    deliver("service", "other.csv", other, MORNING - timedelta(days=1))
    send("rotg_rule", "KREDIT,short_calls_in_row,2,,\n")
    rows = [
        talk(f"{code}{n}", 10 + n, 5, agent, code)
        for agent, code in (("A1", "KARTU"), ("A2", "KREDIT"))
        for n in range(2)
    ]
    send("call", *rows, minute=20)
    centre(20)
    assert [found[0] for found in violations("short_calls_in_row")] == ["A2"]


def test_a_rule_that_nobody_knows_is_quarantined(centre, send, query):
    send("rotg_rule", "KARTU,no_smoking,1,,\n")
    centre(1)
    (row,) = query("select reason from ops.quarantine where feed = 'rotg_rule'")
    assert "rule_code" in row["reason"]


# What arrives when


def test_late_events_end_as_if_they_had_been_on_time(centre, send, violations, as_if_rebuilt):
    """A day seen in five cycles; the events between the first and the last come a day late."""
    send("agent_alias", PHONES)
    send("agent_event", *leaving(SHIFT_END), minute=SHIFT_END)
    send("conversation", waiting("V1"), minute=SHIFT_END)
    centre(30, 200, 400, SHIFT_END + 5, DAY_AFTER)
    late = [
        event(10, 60, "A1", "state", "aux", "KOPI"),
        event(11, 120, "A1", "state", "aux", "ISTIRAHAT"),
        event(12, 240, "A1", "state", "acw"),
        event(13, 250, "A1", "logout"),
        event(14, 300, "X1", "login", source="pbx"),
        event(15, 310, "Y1", "state", "ready", source="crm"),
    ]
    send("agent_event", *late, minute=DAY_AFTER + 1)
    centre(DAY_AFTER + 2)
    spans = {
        rule: [(start, length) for _, start, length, *_ in violations(rule)]
        for rule in (
            *("aux_unmapped", "aux_over_occurrence", "acw_over_limit"),
            *("two_stations", "left_with_waiting"),
        )
    }
    assert spans == {
        "aux_unmapped": [(60, 60)],
        "aux_over_occurrence": [(120, 120)],
        "acw_over_limit": [(240, 10)],
        "two_stations": [(310, SHIFT_END - 310)],
        "left_with_waiting": [(SHIFT_END, 0)],
    }
    as_if_rebuilt()


EVIDENCE = {"event_ids", "call_ids", "rings", "conversation_ids", "aux_code", "stations"}
RANDOM_FEEDS = (
    *("agent_event", "call", "ring", "conversation", "exception", "agent_alias", "rotg_rule"),
)


def random_rows(random: Random) -> list[tuple[str, str]]:
    """(feed, row): two days of three agents, their stations, calls and conversations."""
    ids = ("A1", "A2", "K1", "X1", "X2")
    rows = []
    for _ in range(90):
        minute = random.choice((random.randrange(0, 12 * 60), random.randrange(24 * 60, 36 * 60)))
        kind = random.choice(("login", "logout", "state", "state", "state"))
        state, code = "", ""
        if kind == "state":
            state = random.choice(("ready", "acw", "aux"))
            code = random.choice(("ISTIRAHAT", "KOPI")) if state == "aux" else ""
        source = random.choice(("pbx", "crm", ""))
        # Some are delivered twice, the second time with another state
        name = random.randrange(80)
        rows.append(
            ("agent_event", event(name, minute, random.choice(ids), kind, state, code, source))
        )
    for _ in range(70):
        row = talk(
            f"C{random.randrange(60)}",
            random.randrange(0, 60),
            random.choice((3, 5, 9, 40)),
            random.choice(ids),
        )
        rows.append(("call", row))
    for _ in range(60):
        number = random.randrange(40)
        row = ring(
            f"C{number}",
            random.randrange(0, 60),
            random.choice((None, 3, 20, 20, 20)),
            random.choice(ids),
            random.choice(("no", "no", "no", "yes", "")),
            # Of some it is known which ring it is, whoever's desk and whenever
            ring_id=random.choice(("", f"R{number}")),
            source=random.choice(("", "pbx", "crm")),
            updated=random.choice(("", at(random.randrange(60)))),
        )
        rows.append(("ring", row))
    for number in range(12):
        answered = random.choice((None, SHIFT_END - 1, SHIFT_END + 1, 30 * 60))
        row = waiting(
            f"V{random.randrange(9)}",
            answered,
            agent=random.choice(ids),
            updated=SHIFT_END + number,
        )
        rows.append(("conversation", row))
    for number in range(5):
        start = random.randrange(0, SHIFT_END)
        span = f"{at(start)},{at(start + random.randrange(5, 120))}"
        by = random.choice(("L1", ""))
        rows.append(("exception", f"E{number % 3},{random.choice(ids[:3])},{span},izin,{by}\n"))
    for source, outside in (("pbx", "X1"), ("crm", "X1"), ("pbx", "X2"), ("pbx", "X1")):
        rows.append(("agent_alias", f"{source},{outside},{random.choice(('A1', 'A2', 'A2'))}\n"))
    for rule, values in (
        ("short_calls_in_row", "2,9"),
        ("ringing_unanswered", "2,"),
        ("acw_over_limit", "600,"),
        ("login_without_roster", "1800,"),
        ("left_with_waiting", "2,"),
    ):
        rows.append(("rotg_rule", f"KARTU,{rule},{values},{random.choice(('', 'ya', 'tidak'))}\n"))
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_random_rows_in_random_slices_end_as_if_known_from_the_start(
    centre, send, query, as_if_rebuilt, seed
):
    random = Random(seed)
    rows = random_rows(random)
    random.shuffle(rows)
    ticks = sorted(random.sample(range(10, 40 * 60), 7))
    size = -(-len(rows) // len(ticks))
    seen = set()
    for number, tick in enumerate(ticks):
        part = rows[number * size : (number + 1) * size]
        for feed in RANDOM_FEEDS:
            chosen = [row for name, row in part if name == feed]
            if chosen:
                send(feed, *chosen, minute=tick)
        centre(tick)
        found = query("select rule_code, evidence from marts.fct_rotg_violation")
        seen |= {row["rule_code"] for row in found}
        # Ids of rows and codes, never of a customer
        assert all(row["evidence"].keys() <= EVIDENCE for row in found)
    assert len(seen) >= 4, seen
    as_if_rebuilt()
