"""Bad input is shown with its rows, and the figures beside it are right all the same."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts
from rtm.running_dbt import run_dbt
from tests.oracle.sessions import Event, history
from tests.small_centre import DAY, REFERENCE, ROSTER_HEADER, roster

MINUTE = timedelta(minutes=1)
CALLS = (
    "call_id,service_code,direction,arrived_at,queued_at,answered_at,left_at,ended_at,outcome,"
    "talk_s,hold_s,acw_s\n"
)
CONVERSATIONS = (
    "conversation_id,service_code,channel,received_at,assigned_at,first_response_at,closed_at\n"
)
RINGS = "call_id,service_code,agent_id,rang_at,stopped_at,was_answered\n"
EVENTS = "event_id,occurred_at,agent_id,event,state,aux_code\n"
KEYS = ("test", "--select", "rpt_data_quality", "rpt_data_quality_row")
PHONE = "081234567890"


def clock(value: str) -> datetime:
    """A time of the day in Jakarta."""
    return datetime.fromisoformat(f"{DAY}T{value}+07:00")


def cell(value: str) -> str:
    return f"{DAY}T{value}+07:00" if value else ""


def call(call_id: str, outcome: str, times: str, durations: str = ",,") -> str:
    """`times`: arrived, queued, answered, left, ended."""
    instants = ",".join(cell(time) for time in times.split(","))
    return f"{call_id},KARTU,inbound,{instants},{outcome},{durations}\n"


def conversation(conversation_id: str, times: str) -> str:
    """`times`: received, assigned, answered, closed."""
    instants = ",".join(cell(time) for time in times.split(","))
    return f"{conversation_id},KARTU,chat,{instants}\n"


def ring(call_id: str, times: str) -> str:
    """`times`: rang, stopped."""
    instants = ",".join(cell(time) for time in times.split(","))
    return f"{call_id},KARTU,A1,{instants},no\n"


@pytest.fixture
def centre(fill):
    """The small centre with its roster; brings its marts to each of these times of the day."""

    def run(*times: str) -> None:
        for time in times:
            fill(clock(time))

    return run


@pytest.fixture
def found(query):
    """The keys of the rows of each kind."""

    def read() -> dict[str, list[str]]:
        kinds: dict[str, list[str]] = {}
        rows = query("select kind, row_key from marts.rpt_data_quality_row order by row_key")
        for row in rows:
            kinds.setdefault(row["kind"], []).append(row["row_key"])
        counted = query("select kind, sum(defects) as n from marts.rpt_data_quality group by kind")
        assert {row["kind"]: row["n"] for row in counted} == {
            kind: len(keys) for kind, keys in kinds.items()
        }
        return kinds

    return read


@pytest.fixture
def as_if_rebuilt(system, query):
    """Rebuilds everything at the same clock; nobody must notice, and the keys are keys."""

    def check() -> None:
        def rows():
            return {
                mart: sorted(map(repr, query(f"select * from marts.{mart}")))
                for mart in ("rpt_data_quality", "rpt_data_quality_row", "fct_attendance")
            }

        incremental = rows()
        assert all(incremental.values())
        (now,) = query("select as_of from ops.clock")
        with system.warehouse.engine().begin() as connection:
            connection.execute(text("update ops.clock set needs_rebuild = true"))
        build_marts(system, now["as_of"])
        assert rows() == incremental
        assert run_dbt(system.warehouse, system.settings, *KEYS) == 2

    return check


def test_calls_whose_times_run_backwards_are_named_and_count_as_no_time(
    centre, deliver, query, found, as_if_rebuilt
):
    rows = [
        call("right", "answered", "08:00:00,08:00:00,08:00:10,,08:01:10", "60,0,0"),
        # Each just not wrong: no time at all
        call("instant", "answered", "08:00:00,08:00:00,08:00:00,,08:00:00", "0,0,0"),
        call("all_hold", "answered", "08:00:00,08:00:00,08:00:00,,08:00:30", ",30,"),
        call("gone_at_once", "abandoned", "08:00:00,08:00:00,,08:00:00,", ",,"),
        # Each wrong in one thing
        call("negative", "answered", "08:00:00,08:00:00,08:00:10,,08:01:10", "-5,-1,7"),
        call("too_much_hold", "answered", "08:00:00,08:00:00,08:00:00,,08:00:30", ",31,"),
        call("early_queue", "answered", "08:00:05,08:00:00,08:00:10,,08:00:20", "10,0,0"),
        call("early_answer", "answered", "08:00:00,08:00:00,07:59:55,,08:00:30", "30,0,0"),
        call("early_leave", "abandoned", "08:00:00,08:00:00,,07:59:58,", ",,"),
        call("early_end", "answered", "08:00:00,08:00:00,08:00:10,,08:00:02.5", ",,3"),
    ]
    deliver("call", "calls.csv", CALLS + "".join(rows), clock("08:29"))
    centre("08:40")
    assert found() == {
        "negative_duration": ["negative"],
        "hold_longer_than_call": ["too_much_hold"],
        "queued_before_arrived": ["early_queue"],
        "answered_before_queued": ["early_answer"],
        "left_before_queued": ["early_leave"],
        "ended_before_answered": ["early_end"],
    }
    details = query("select row_key, detail, file_name, row_number from marts.rpt_data_quality_row")
    told = {row["row_key"]: row["detail"] for row in details}
    assert told["negative"] == "talk_s is -5, hold_s is -1"
    assert told["early_end"] == "ended 7.5 s before it was answered"
    place = {row["row_key"]: (row["file_name"], row["row_number"]) for row in details}
    assert place["negative"] == ("calls.csv", 6)
    (interval,) = query("select * from marts.fct_scr_interval")
    assert (interval["offered"], interval["answered"], interval["abandoned"]) == (10, 8, 2)
    # right, negative, early_queue and early_end waited 10 s; what is negative is 0
    assert interval["wait_s_sum"] == 40
    # right 60, all_hold 30, negative 7, too_much_hold 31, early_queue 10, early_answer 30, end 3
    assert interval["handle_s_sum"] == 171
    as_if_rebuilt()
    # A version that is right takes the row away
    right = call("negative", "answered", "08:00:00,08:00:00,08:00:10,,08:01:10", "5,1,7")
    deliver("call", "later.csv", CALLS + right, clock("08:41"))
    centre("08:42")
    assert "negative_duration" not in found()
    as_if_rebuilt()


def test_conversations_answered_or_closed_before_they_came(
    centre, deliver, query, found, as_if_rebuilt
):
    rows = [
        conversation("right", "08:00:00,,08:00:30,08:05:00"),
        conversation("instant", "08:00:00,,08:00:00,08:00:00"),
        conversation("early_answer", "08:00:00,,07:59:30,08:05:00"),
        conversation("early_close", "08:00:00,,,07:59:30"),
    ]
    deliver("conversation", "chats.csv", CONVERSATIONS + "".join(rows), clock("08:29"))
    centre("08:40")
    assert found() == {
        "answered_before_received": ["early_answer"],
        "closed_before_received": ["early_close"],
    }
    (interval,) = query("select * from marts.fct_response_time_interval where received > 0")
    counted = ("received", "responded", "responded_in_target")
    assert [interval[name] for name in counted] == [4, 3, 3]
    assert interval["avg_first_response_s"] == pytest.approx(10)
    assert (interval["overdue_unanswered"], interval["waiting_list"]) == (0, 0)
    as_if_rebuilt()


def test_rings_that_stopped_before_they_began_are_named_and_break_a_row(
    centre, deliver, query, found, as_if_rebuilt
):
    rows = [
        ring("C1", "08:00:00,08:00:20"),
        ring("C2", "08:01:00,08:01:20"),
        ring("instant", "08:01:30,08:01:30"),
        ring("early_stop", "08:02:00,08:01:59.5"),
        ring("C3", "08:03:00,08:03:20"),
    ]
    deliver("ring", "rings.csv", RINGS + "".join(rows), clock("08:29"))
    centre("08:40")
    key = "early_stop/A1/2026-11-23T01:02:00.000000Z"
    assert found() == {"stopped_before_rang": [key]}
    (row,) = query("select * from marts.rpt_data_quality_row")
    assert row["detail"] == "stopped 0.5 s before it rang"
    assert (row["feed"], row["file_name"], row["row_number"]) == ("ring", "rings.csv", 5)
    assert (row["service_code"], row["occurred_at"]) == ("KARTU", clock("08:02"))
    assert query("select * from marts.fct_rotg_violation") == []
    # A version that is right takes the row away
    right = ring("early_stop", "08:02:00,08:02:20")
    rings = RINGS + right + ring("instant", "08:01:30,08:01:40")
    deliver("ring", "later.csv", rings, clock("08:41"))
    deliver(
        "call",
        "call.csv",
        CALLS + call("negative", "answered", "08:00:00,,,,", "-1,,"),
        clock("08:41"),
    )
    centre("08:42")
    assert found() == {"negative_duration": ["negative"]}
    (row,) = query("select measured from marts.fct_rotg_violation")
    assert row["measured"] == 5
    as_if_rebuilt()


def test_what_lies_after_the_clock_is_named_until_the_clock_has_passed_it(
    centre, deliver, found, as_if_rebuilt
):
    calls = [
        call("now", "answered", "08:00:00,08:00:00,08:00:10,,08:40:00", "60,0,0"),
        call("ahead", "answered", "08:00:00,08:00:00,08:00:10,,08:40:01", "60,0,0"),
        call("far", "answered", "08:00:00,08:00:00,08:41:10,,08:50:00", "60,0,0"),
    ]
    chats = [
        conversation("now", "08:40:00,,,"),
        conversation("ahead", "08:00:00,,,08:40:01"),
    ]
    events = [f"now,{cell('08:40:00')},A1,login,,", f"ahead,{cell('08:40:01')},A2,login,,"]
    deliver("call", "calls.csv", CALLS + "".join(calls), clock("08:30"))
    rings = [ring("now", "08:40:00,08:40:00"), ring("ring_ahead", "08:39:00,08:40:01")]
    deliver("conversation", "chats.csv", CONVERSATIONS + "".join(chats), clock("08:30"))
    deliver("agent_event", "events.csv", EVENTS + "\n".join(events) + "\n", clock("08:30"))
    deliver("ring", "rings.csv", RINGS + "".join(rings), clock("08:30"))
    centre("08:40")
    rung = "ring_ahead/A1/2026-11-23T01:39:00.000000Z"
    assert found() == {"after_as_of": ["ahead", "ahead", "ahead", "far", rung]}
    as_if_rebuilt()
    centre("08:45")
    assert found() == {"after_as_of": ["far"]}
    as_if_rebuilt()
    centre("08:50")
    assert found() == {}


def test_events_that_do_not_fit_together_are_named_and_attendance_is_right(
    centre, deliver, query, found, as_if_rebuilt
):
    events = [
        f"a1,{cell('07:00:00')},A1,logout,,",  # nobody is logged in
        f"a2,{cell('08:10:00')},A1,state,ready,",  # no login before it
        f"a3,{cell('09:00:00')},A1,login,,",  # is logged in
        f"a4,{cell('10:00:00')},A1,state,aux,ISTIRAHAT",
        f"a5,{cell('10:00:00')},A1,state,busy,",  # of the same moment, and holds
        f"a6,{cell('11:00:00')},A1,state,aux,KOPI",  # not in the reference
        f"a7,{cell('11:10:00')},A1,state,ready,",
        f"a8,{cell('11:20:00')},A1,state,ready,",
        f"a9,{cell('11:20:00')},A1,state,ready,",  # the same state twice is none too many
        f"aa,{cell('16:00:00')},A1,logout,,",
        f"b1,{cell('08:00:00')},A2,login,,",
        f"b2,{cell('08:00:00')},A2,state,aux,ISTIRAHAT",  # of the moment of the login
        f"b3,{cell('16:00:00')},A2,logout,,",
        f"b4,{cell('16:00:00')},A2,state,ready,",  # belongs to the session that closes
        f"l1,{cell('08:00:00')},L1,login,,",  # never logs out: closes itself at 18:00
        f"x1,{cell('08:00:00')},X9,login,,",
        f",{cell('08:00:00')},X9,login,,",
    ]
    deliver("agent_event", "events.csv", EVENTS + "\n".join(events) + "\n", clock("17:30"))
    centre("17:45")
    now = found()
    nameless = now["unknown_agent"][0]
    expected = {
        "stray_logout": ["a1"],
        "implicit_login": ["a2"],
        "repeated_login": ["a3"],
        "overlapping_state": ["a4"],
        "unknown_aux_code": ["a6"],
        "unknown_agent": [nameless, "x1"],
    }
    assert now == expected
    centre("18:00")
    assert found() == expected
    centre("18:01")
    session = "L1/2026-11-23T01:00:00.000000Z"
    assert found() == {**expected, "auto_closed": [session]}
    attendance = {
        row["agent_id"]: (row["status"], row["present_s"])
        for row in query("select * from marts.fct_attendance")
    }
    assert attendance == {
        "A1": ("late", (7 * 60 + 50) * 60),
        "A2": ("present", 8 * 3600),
        "L1": ("present", 9 * 3600),
    }
    (states,) = query("select detail from marts.rpt_data_quality_row where row_key = 'a4'")
    assert states["detail"] == "aux ISTIRAHAT gave way to busy of the same moment"
    as_if_rebuilt()
    # What was not known becomes known; the logout comes after all
    code = REFERENCE["aux_code"].splitlines()[0] + "\nKOPI,Kopi,rest,10,10\n"
    deliver("aux_code", "more.csv", code, clock("18:02"))
    person = REFERENCE["agent"].splitlines()[0] + "\nX9,Xena,x@x.example,agent,T1,2026-01-01\n"
    deliver("agent", "more.csv", person, clock("18:02"))
    late = f"l2,{cell('17:00:00')},L1,logout,,\na0,{cell('06:30:00')},A1,login,,\n"
    deliver("agent_event", "late.csv", EVENTS + late, clock("18:02"))
    centre("18:05")
    assert found() == {
        "repeated_login": ["a3", nameless],  # of two logins of one moment one counts
        "overlapping_state": ["a4"],
        "implicit_login": ["a2"],
        "auto_closed": ["X9/2026-11-23T01:00:00.000000Z"],
    }
    as_if_rebuilt()


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_names_what_a_rebuild_and_the_reference_name(
    centre, deliver, query, as_if_rebuilt, seed
):
    """Random events, some of one moment and far apart, in random deliveries."""
    chance = random.Random(seed)
    start = clock("05:00")
    rows, events = [], {"A1": [], "A2": []}
    logged_in: set[tuple[str, datetime]] = set()
    for number in range(60):
        agent = chance.choice(["A1", "A2"])
        at = start + chance.choice([1, 7, 45]) * chance.randrange(0, 30) * MINUTE
        kind = chance.choice(["login", "logout", "state", "state"])
        if kind == "login":
            # Of two logins beside a logout the reference says nothing
            if (agent, at) in logged_in:
                continue
            logged_in.add((agent, at))
        state = chance.choice(["ready", "busy", "acw"]) if kind == "state" else None
        event_id = f"e{number:02}"
        rows.append(f"{event_id},{at.isoformat()},{agent},{kind},{state or ''},\n")
        events[agent].append(Event(at, agent, kind, state, None, event_id))
    chance.shuffle(rows)
    for part, minute in enumerate((0, 300, 600, 900)):
        content = EVENTS + "".join(rows[part::4])
        deliver("agent_event", f"e{part}.csv", content, start + minute * MINUTE)
        centre((start + (minute + 1) * MINUTE).strftime("%H:%M"))
    end = start + 901 * MINUTE

    def planned_end(at: datetime) -> datetime | None:
        return clock("17:00") if clock("06:00") <= at < clock("21:00") else None

    expected: Counter[str] = Counter()
    for agent, of_agent in events.items():
        told = history(of_agent, planned_end, end)
        assert told.sessions, agent
        expected["stray_logout"] += told.ignored_logouts
        for session in told.sessions:
            expected["implicit_login"] += session.is_implicit
            expected["auto_closed"] += session.is_auto_closed
            expected["repeated_login"] += session.repeated_logins
    counted = {row["kind"]: row["defects"] for row in query("select * from marts.rpt_data_quality")}
    assert {kind: counted.get(kind, 0) for kind in expected} == dict(expected)
    assert sum(number > 0 for number in expected.values()) >= 3
    as_if_rebuilt()


def test_a_plan_that_no_longer_fits_is_named(centre, deliver, query, found, as_if_rebuilt):
    rows = roster(2).replace("A2,2026-11-23,P,agent", f"A2,2026-11-23,P,agent,,{DAY}T17:00")
    header = ROSTER_HEADER.strip() + ",start_at,end_at\n"
    lines = [line + "," * (6 - line.count(",")) for line in rows.splitlines()[1:]]
    deliver("roster", "roster2.csv", header + "\n".join(lines) + "\n", clock("05:00"))
    spans = [
        f"X1,A1,{cell('09:00:00')},{cell('09:00:00')},cuti,L1",
        f"X2,A1,{cell('09:00:00')},{cell('09:00:01')},cuti,L1",
    ]
    header = "exception_id,agent_id,start_at,end_at,reason,approved_by\n"
    deliver("exception", "x.csv", header + "\n".join(spans) + "\n", clock("05:00"))
    deliver("agent_event", "e.csv", EVENTS + f"1,{cell('08:00:00')},A1,login,,\n", clock("08:00"))
    centre("08:01")
    assert found() == {"ends_before_start": ["X1"]}
    # A1 leaves at the end of the first of the two days; the morning shift now starts at 18:00
    people = REFERENCE["agent"].splitlines()
    left = f"{people[0]},active_to\n{people[1]},{DAY}\n"
    deliver("agent", "left.csv", left, clock("08:05"))
    centre("08:06")
    (published,) = found()["roster_agent_inactive"]
    assert published.startswith(f"A1/{DAY + timedelta(days=1)}/")
    assert "shift_code_changed" not in found()
    shifts = REFERENCE["shift"].replace("P,Pagi,08:00,17:00", "P,Pagi,18:00,23:00")
    deliver("shift", "shift2.csv", shifts, clock("08:10"))
    # A roster of the last day for him is refused
    refused = roster(1, DAY + timedelta(days=2))
    deliver("roster", "refused.csv", refused, clock("08:10"))
    centre("08:11")
    now = found()
    assert now["shift_code_changed"] == ["P"]
    assert [key.rsplit("/", 1)[0] for key in now["roster_agent_inactive"]] == [
        f"A1/{DAY + timedelta(days=1)}",
        f"A1/{DAY + timedelta(days=2)}",
    ]
    assert [key.rsplit("/", 1)[0] for key in now["ends_before_start"]] == [f"A2/{DAY}", "X1"]
    (shift,) = query(
        "select * from marts.rpt_data_quality_row where agent_id = 'A2' and feed = 'roster'"
    )
    assert (shift["file_name"], shift["row_number"]) == ("roster2.csv", 3)
    rows = query(
        "select status, scheduled_s from marts.fct_attendance"
        " where agent_id = 'A2' and roster_date = :day",
        day=DAY,
    )
    assert [row["scheduled_s"] for row in rows] in ([0], [])
    as_if_rebuilt()


def test_what_landing_refused_is_named_without_what_the_cells_held(
    centre, deliver, query, found, as_if_rebuilt
):
    calls = [
        call("fine", "answered", "08:00:00,08:00:00,08:00:10,,08:01:10", "60,0,0"),
        call("no_number", "answered", "08:00:00,08:00:00,08:00:10,,08:01:10", f"0812-{PHONE},0,0"),
        call("elsewhere", "answered", "08:00:00,,,,", ",,").replace("KARTU", PHONE),
        f"{PHONE},KARTU\n",
        f",KARTU,inbound,{cell('08:00:00')},,,,,blocked,,,\n",
    ]
    deliver("call", "calls.csv", CALLS + "".join(calls), clock("08:10"))
    deliver("conversation", "headless.csv", f"V1,{PHONE},chat\n", clock("08:10"))
    chat = conversation("fine", "08:00:00,,,").strip()
    header = CONVERSATIONS.strip() + f",mood,{PHONE}\n"
    deliver("conversation", "more.csv", f"{header}{chat},good,\n", clock("08:10"))
    events = EVENTS + f"1,{cell('08:00:00')},A1,login,,\n"
    deliver("agent_event", "e.csv", events, clock("08:10"))
    centre("08:15")
    rows = query("select * from marts.rpt_data_quality_row")
    assert Counter((row["kind"], row["feed"], row["row_number"]) for row in rows) == Counter(
        {
            ("quarantined_cell", "call", 3): 1,
            ("quarantined_service", "call", 4): 1,
            ("quarantined_row", "call", 5): 1,
            ("quarantined_empty", "call", 6): 1,
            ("quarantined_file", "conversation", None): 1,
            ("unknown_column", "conversation", None): 2,
        }
    )
    assert PHONE not in repr(rows)
    assert {"talk_s cannot be read", "call_id is empty"} < {row["detail"] for row in rows}
    assert "column mood is not one of this feed; it was ignored" in {row["detail"] for row in rows}
    as_if_rebuilt()
    # The service appears, and its row is taken in
    service = REFERENCE["service"].replace("KARTU", PHONE)
    deliver("service", "service2.csv", service, clock("08:16"))
    centre("08:17")
    assert "quarantined_service" not in found()
