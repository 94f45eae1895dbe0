"""Asterisk's queue_log, from the file as the PBX writes it to the marts."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from rtm.cycle import detect_breaches
from tests.small_centre import DAY, MORNING, roster

ALIASES = (
    "source,external_id,agent_id\n"
    "asterisk,SIP/8007,A1\nasterisk,Agent/8007,A1\nasterisk,SIP/8008,A2\n"
)
QUEUES = "source,queue,service_code\nasterisk,antrian-kartu,KARTU\n"
QUEUE = "antrian-kartu"
EVENING = MORNING + timedelta(hours=10)


class Log:
    """Lines of a queue_log, at seconds after 08:00."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, second, event, *data, call="NONE", agent="NONE", queue=QUEUE):
        moment = int(MORNING.timestamp()) + second
        self.lines.append("|".join([str(moment), call, queue, agent, event, *map(str, data)]))

    def enter(self, second, call, queue=QUEUE):
        self.add(second, "ENTERQUEUE", "", "0812000", 1, call=call, queue=queue)

    def connect(self, second, call, agent="SIP/8007", hold=10, rang=4):
        self.add(second, "CONNECT", hold, f"{call}-b", rang, call=call, agent=agent)

    def __str__(self) -> str:
        return "\n".join(self.lines) + "\n"


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def land(deliver, site):
    """Delivers the log as one file, and runs a cycle at the end of the day."""

    def run(log, name="queue_log", at=EVENING, until=None):
        deliver("asterisk_queue_log", name, str(log), at)
        site(until or at)

    return run


def ended(log, call, second, event, *data, agent="SIP/8007"):
    log.enter(second, call)
    log.connect(second + 10, call, agent)
    log.add(second + 70, event, *data, call=call, agent=agent)


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("COMPLETEAGENT", (10, 60, 1)),
        ("COMPLETECALLER", (10, 60, 1)),
        ("TRANSFER", ("200", "from-internal", 10, 60, 1)),
        ("BLINDTRANSFER", ("200", "from-internal", 10, 60, 1)),
        ("ATTENDEDTRANSFER", ("BRIDGE", "bridge-1", 10, 60, 1)),
        ("ATTENDEDTRANSFER", ("APP", "VoiceMail", 10, 60, 1)),
        ("ATTENDEDTRANSFER", ("LINK", "SIP/1", "SIP/2", 10, "60|1")),
    ],
)
def test_an_answered_call_counts_once_with_its_talk_however_it_ended(log, land, day, event, data):
    ended(log, "c1", 60, event, *data)
    land(log)
    assert day() == {"offered": 1, "answered": 1, "wait_s": 10, "handle_s": 60, "handled": 1}


@pytest.mark.parametrize(
    ("event", "data", "outcome"),
    [
        ("ABANDON", (1, 1, 20), "abandoned"),
        ("EXITWITHKEY", ("1", 1, 1, 20), "abandoned"),
        ("EXITWITHTIMEOUT", (1, 1, 20), "timed_out"),
        ("EXITEMPTY", (1, 1, 20), "timed_out"),
        ("AGENTDUMP", (), "timed_out"),
        ("SYSCOMPAT", (), "timed_out"),
    ],
)
def test_a_call_that_left_the_queue_unanswered(log, land, day, event, data, outcome):
    log.enter(60, "c1")
    log.add(80, event, *data, call="c1", agent="SIP/8007" if event == "AGENTDUMP" else "NONE")
    land(log)
    assert day() == {"offered": 1, outcome: 1}


def test_a_caller_who_hangs_up_within_five_seconds_is_a_short_abandon(log, land, day):
    log.enter(60, "c1")
    log.add(65, "ABANDON", 1, 1, 5, call="c1")
    land(log)
    assert day() == {"offered": 1, "abandoned": 1, "short_abandoned": 1}


def test_refused_and_closed_calls_of_wazo(log, land, day):
    for number, event in enumerate(["FULL", "JOINEMPTY", "CLOSED"]):
        log.add(60 + number, event, call=f"c{number}")
    land(log)
    assert day() == {"offered": 2, "blocked": 2}


def test_a_transfer_into_another_queue_is_no_second_call(log, land, day):
    """It talks on with a second agent; both talks count."""
    log.enter(60, "c1")
    log.connect(70, "c1")
    log.add(100, "BLINDTRANSFER", "600", "internal", 10, 30, 1, call="c1", agent="SIP/8007")
    log.enter(101, "c1", queue="antrian-lain")
    log.connect(111, "c1", agent="SIP/8008")
    log.add(131, "COMPLETECALLER", 10, 20, 1, call="c1", agent="SIP/8008", queue="antrian-lain")
    land(log)
    assert day() == {"offered": 1, "answered": 1, "wait_s": 10, "handle_s": 50, "handled": 1}


def test_a_call_that_overflows_is_still_waiting_until_somebody_answers(log, land, day):
    log.enter(60, "c1")
    log.add(90, "EXITWITHTIMEOUT", 1, 1, 30, call="c1")
    log.enter(90, "c1", queue="antrian-lain")
    land(log, at=MORNING + timedelta(seconds=120))
    assert day() == {"offered": 1, "still_open": 1}
    log.connect(100, "c1", hold=10)
    land(log, "queue_log.1", at=MORNING + timedelta(seconds=180))
    assert day() == {"offered": 1, "answered": 1, "wait_s": 40}


def test_a_log_that_begins_in_the_middle_of_a_call_tells_its_waiting(log, land, day):
    log.connect(70, "c1", hold=10)
    log.add(130, "COMPLETECALLER", 10, 60, 1, call="c1", agent="SIP/8007")
    log.add(300, "ABANDON", 1, 1, 20, call="c2")
    land(log)
    assert day() == {
        "offered": 2,
        "answered": 1,
        "abandoned": 1,
        "wait_s": 10,
        "handle_s": 60,
        "handled": 1,
    }


def test_a_call_that_a_late_line_moves_to_another_interval_leaves_the_first(
    log, land, day, deliver, site, query
):
    """Without its first line it seems to have waited 10 s; it had come at 08:29."""
    log.connect(1870, "c1", hold=10)
    log.add(1930, "COMPLETECALLER", 10, 60, 1, call="c1", agent="SIP/8007")
    land(log)
    intervals = "select interval_start, offered from marts.fct_scr_interval order by 1"
    assert query(intervals) == [{"interval_start": MORNING + timedelta(minutes=30), "offered": 1}]
    late = Log()
    late.enter(1740, "c1")
    deliver("asterisk_queue_log", "late", str(late), EVENING + timedelta(minutes=1))
    site(EVENING + timedelta(minutes=1))
    assert query(intervals) == [{"interval_start": MORNING, "offered": 1}]
    assert day()["wait_s"] == 130


def test_wrap_up_seconds_are_after_call_work(log, land, day):
    ended(log, "c1", 60, "COMPLETEAGENT", 10, 60, 1)
    log.add(130, "WRAPUPSTART", 15, call="c1", agent="SIP/8007")
    land(log)
    assert day()["handle_s"] == 75


def test_milliseconds_of_ringing_are_rings_and_no_calls(log, land, day, query):
    log.enter(60, "c1")
    for number in range(3):
        log.add(75 + number * 20, "RINGNOANSWER", 15000, call="c1", agent="SIP/8008")
    log.add(140, "RINGNOANSWER", 0, call="c1", agent="SIP/8008")
    log.connect(150, "c1", hold=90)
    land(log)
    assert day()["offered"] == 1
    rings = query(
        "select external_agent_id, extract(epoch from stopped_at - rang_at) as rang_s,"
        " was_answered from intermediate.int_ring order by rang_at"
    )
    assert [tuple(row.values()) for row in rings] == [
        *[("SIP/8008", 15, False)] * 3,
        ("SIP/8007", 4, True),
    ]
    (violation,) = query(
        "select agent_id, measured from marts.fct_rotg_violation"
        " where rule_code = 'ringing_unanswered'"
    )
    assert violation == {"agent_id": "A2", "measured": 3}


@pytest.mark.parametrize(
    ("enters", "leaves"),
    [
        ("AGENTLOGIN", "AGENTLOGOFF"),
        ("AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF"),
        ("ADDMEMBER", "REMOVEMEMBER"),
    ],
)
def test_a_session_is_from_login_to_logoff(log, land, attendance, enters, leaves):
    log.add(60, enters, agent="SIP/8007")
    log.add(8 * 3600, leaves, agent="SIP/8007")
    land(log)
    row = attendance()
    assert (row["status"], row["present_s"]) == ("present", 8 * 3600 - 60)
    assert row["last_logout_at"] == MORNING + timedelta(hours=8)


def test_a_member_of_two_queues_is_logged_in_until_he_has_left_both(log, land, attendance):
    log.add(0, "ADDMEMBER", agent="SIP/8007")
    log.add(1, "ADDMEMBER", agent="SIP/8007", queue="antrian-lain")
    log.add(3600, "REMOVEMEMBER", agent="SIP/8007", queue="antrian-lain")
    log.add(7200, "REMOVEMEMBER", agent="SIP/8007")
    land(log)
    assert attendance()["present_s"] == 7200


def test_a_pause_in_every_queue_is_aux_and_in_one_of_two_is_not(log, land, aux):
    for queue in (QUEUE, "antrian-lain"):
        log.add(0, "ADDMEMBER", agent="SIP/8007", queue=queue)
    log.add(600, "PAUSE", "ISTIRAHAT", agent="SIP/8007")
    log.add(900, "PAUSE", "ISTIRAHAT", agent="SIP/8007", queue="antrian-lain")
    log.add(1200, "UNPAUSE", agent="SIP/8007", queue="antrian-lain")
    log.add(1500, "UNPAUSE", agent="SIP/8007")
    for queue in (QUEUE, "antrian-lain"):
        log.add(28800, "REMOVEMEMBER", agent="SIP/8007", queue=queue)
    land(log)
    assert aux() == {("A1", "ISTIRAHAT"): (300, 1)}


@pytest.mark.parametrize("member", [True, False], ids=["dynamic members", "static members"])
def test_a_pause_of_all_queues_counts_once(log, land, aux, member):
    """Asterisk writes it for each queue and as a whole; the reason may follow (PAUSEREASON)."""
    if member:
        log.add(0, "ADDMEMBER", agent="SIP/8007")
    else:
        log.add(0, "AGENTLOGIN", agent="SIP/8007", queue="NONE")
    log.add(600, "PAUSE", agent="SIP/8007")
    log.add(600, "PAUSEALL", agent="SIP/8007", queue="NONE")
    log.add(603, "PAUSEREASON", "ISTIRAHAT", agent="SIP/8007", queue="NONE")
    log.add(1200, "UNPAUSE", agent="SIP/8007")
    log.add(1200, "UNPAUSEALL", agent="SIP/8007", queue="NONE")
    log.add(1300, "PAUSEALL", "RAPAT", agent="SIP/8007", queue="NONE")
    log.add(1400, "UNPAUSEALL", agent="SIP/8007", queue="NONE")
    log.add(28800, "REMOVEMEMBER" if member else "AGENTLOGOFF", agent="SIP/8007")
    land(log)
    assert aux() == {("A1", "ISTIRAHAT"): (600, 1), ("A1", "UNMAPPED:RAPAT"): (100, 1)}


def test_a_pause_counts_during_a_call_and_goes_on_after_it(log, land, aux):
    log.add(0, "ADDMEMBER", agent="SIP/8007")
    log.enter(500, "c1")
    log.connect(510, "c1")
    log.add(540, "PAUSEALL", "ISTIRAHAT", agent="SIP/8007", queue="NONE")
    log.add(600, "COMPLETEAGENT", 10, 90, 1, call="c1", agent="SIP/8007")
    log.add(900, "UNPAUSEALL", agent="SIP/8007", queue="NONE")
    log.add(28800, "REMOVEMEMBER", agent="SIP/8007")
    land(log)
    assert aux() == {("A1", "ISTIRAHAT"): (360, 1)}


def test_two_names_of_one_agent_are_one_agent_at_one_place(log, land, aux, attendance, query):
    log.add(0, "AGENTLOGIN", agent="Agent/8007", queue="NONE")
    log.enter(60, "c1")
    log.connect(70, "c1")
    log.add(100, "COMPLETECALLER", 10, 30, 1, call="c1", agent="SIP/8007")
    log.add(600, "PAUSEALL", "ISTIRAHAT", agent="Agent/8007", queue="NONE")
    log.add(900, "UNPAUSEALL", agent="Agent/8007", queue="NONE")
    log.add(28800, "AGENTLOGOFF", agent="Agent/8007", queue="NONE")
    land(log)
    assert attendance()["present_s"] == 28800
    assert aux() == {("A1", "ISTIRAHAT"): (300, 1)}
    assert query("select * from marts.fct_rotg_violation where rule_code = 'two_stations'") == []


def test_a_session_without_a_logoff_closes_itself_and_a_restart_changes_nothing(
    log, land, attendance, query
):
    log.add(0, "ADDMEMBER", agent="SIP/8007")
    log.add(3600, "QUEUESTART", queue="NONE")
    log.add(3660, "ADDMEMBER", agent="SIP/8007")
    log.add(7200, "PAUSEALL", "ISTIRAHAT", agent="SIP/8007", queue="NONE")
    log.add(7500, "UNPAUSEALL", agent="SIP/8007", queue="NONE")
    land(log, until=MORNING + timedelta(hours=20))
    row = attendance()
    assert (row["status"], row["present_s"]) == ("present", 9 * 3600)
    (compliance,) = query(
        "select auto_closed, overtime_s from marts.fct_login_compliance where agent_id = 'A1'"
    )
    assert compliance == {"auto_closed": True, "overtime_s": 0}


def test_calls_and_sessions_pass_midnight(log, land, day, deliver, query):
    """A1 works from 22:00 to 07:00; a call is answered at 23:59:55 and ends after midnight."""
    night = 14 * 3600
    log.add(night, "ADDMEMBER", agent="SIP/8007")
    log.enter(night + 7185, "c1")
    log.connect(night + 7195, "c1")
    log.add(night + 7255, "COMPLETEAGENT", 10, 60, 1, call="c1", agent="SIP/8007")
    log.add(night + 9 * 3600, "REMOVEMEMBER", agent="SIP/8007")
    night_shift = roster().replace(",P,", ",M,")
    deliver("roster", "night.csv", night_shift, MORNING - timedelta(hours=20))
    land(log, at=MORNING + timedelta(hours=24))
    assert day() == {"offered": 1, "answered": 1, "wait_s": 10, "handle_s": 60, "handled": 1}
    found = query("select shift_code, present_s from marts.fct_attendance where agent_id = 'A1'")
    assert found == [{"shift_code": "M", "present_s": 9 * 3600}]


def test_the_realtime_table_as_csv_is_the_same_log(site, deliver, day, attendance):
    """Times without an offset are local to the service; columns may come in any order."""
    rows = [
        "08:01:00,NONE,antrian-kartu,SIP/8007,ADDMEMBER,,,,,",
        "08:02:00.250000,c1,antrian-kartu,NONE,ENTERQUEUE,,0812,1,,",
        "08:02:10.750000,c1,antrian-kartu,SIP/8007,CONNECT,10,c2,3,,",
        "08:03:10.750000,c1,antrian-kartu,SIP/8007,COMPLETEAGENT,10,60,1,,",
        "16:01:00,NONE,antrian-kartu,SIP/8007,REMOVEMEMBER,,,,,",
    ]
    header = "time,callid,queuename,agent,event,data1,data2,data3,data4,data5\n"
    content = header + "".join(f"{DAY} {row}\n" for row in rows)
    deliver("asterisk_queue_log", "queue_log.csv", content, EVENING)
    site(EVENING)
    assert day() == {"offered": 1, "answered": 1, "wait_s": 10.5, "handle_s": 60, "handled": 1}
    assert attendance()["present_s"] == 8 * 3600


def test_an_unknown_event_is_kept_and_reported_and_an_unreadable_line_is_not(log, land, query):
    log.add(60, "OUTDIAL", call="c9", agent="SIP/8007")
    log.add(61, "OUTDIAL", call="c9", agent="SIP/8007")
    log.lines.append("yesterday|c1|q|NONE|ABANDON|1|1|20")
    log.lines.append("1795395600|c1")
    log.lines.append("")
    land(log)
    found = query("select kind, detail from marts.rpt_data_quality_row order by kind, row_number")
    assert [row["kind"] for row in found] == [
        "quarantined_cell",
        "quarantined_empty",
        "unknown_value",
    ]
    assert "OUTDIAL" in found[-1]["detail"] and "2 rows" in found[-1]["detail"]
    assert len(query("select from raw.asterisk_queue_log")) == 2
    (line,) = query("select raw_text from ops.quarantine where row_number = 4")
    assert line["raw_text"] == "1795395600|c1"


def test_calls_wait_until_somebody_says_for_which_service_their_queue_is(
    log, land, day, deliver, site, system, query
):
    log.enter(60, "c1", queue="antrian-baru")
    log.add(80, "ABANDON", 1, 1, 20, call="c1", queue="antrian-baru")
    land(log)
    assert day() == {}
    (unmapped,) = query("select kind, source, code, occurrences from marts.rpt_unmapped_code")
    assert tuple(unmapped.values()) == ("queue", "asterisk", "antrian-baru", 1)
    detect_breaches(system, EVENING)
    (incident,) = query("select kind, subject from ops.incident where closed_at is null")
    assert incident == {"kind": "unmapped_queue", "subject": "asterisk:antrian-baru"}
    more = "source,queue,service_code\nasterisk,antrian-baru,KARTU\n"
    deliver("queue", "more.csv", more, EVENING + timedelta(minutes=1))
    site(EVENING + timedelta(minutes=1))
    assert day() == {"offered": 1, "abandoned": 1}
    assert query("select * from marts.rpt_unmapped_code") == []


def test_a_queue_with_the_name_of_a_service_needs_no_mapping(log, land, day):
    log.enter(60, "c1", queue="KARTU")
    log.add(80, "ABANDON", 1, 1, 20, call="c1", queue="KARTU")
    land(log)
    assert day() == {"offered": 1, "abandoned": 1}


QUEUES_OF_RANDOM = (QUEUE, "antrian-lain")
NAMES = ("SIP/8007", "Agent/8007")


def random_log(random: Random) -> Log:
    """A day of one person under two names, on a site with members; many lines share a second."""
    log = Log()
    log.add(0, "ADDMEMBER", agent=NAMES[0])
    moments = sorted(random.choices(range(300, 9 * 3600, 300), k=40))
    kinds = ["ADDMEMBER"] * 4 + ["REMOVEMEMBER", "PAUSE", "PAUSE", "UNPAUSE", "UNPAUSE"]
    kinds += ["PAUSEALL", "UNPAUSEALL"]
    for second in moments:
        kind = random.choice(kinds)
        queue = "NONE" if kind.endswith("ALL") else random.choice(QUEUES_OF_RANDOM)
        data = [random.choice(["ISTIRAHAT", "RAPAT"])] if kind in ("PAUSE", "PAUSEALL") else []
        log.add(second, kind, *data, agent=random.choice(NAMES), queue=queue)
    return log


def spent(log: Log, seconds: range) -> tuple[int, int]:
    """Seconds logged in and in AUX, by walking through the lines as the PBX does.

    Within one second the order is: leave, join, unpause, pause; but who leaves and does not join
    again is not paused in what he left.
    """
    order = ("REMOVEMEMBER", "ADDMEMBER", "UNPAUSE", "UNPAUSEALL", "PAUSE", "PAUSEALL")
    by_second: dict[int, list[list[str]]] = {}
    for line in log.lines:
        cells = line.split("|")
        by_second.setdefault(int(cells[0]) - int(MORNING.timestamp()), []).append(cells)
    members: set[str] = set()
    paused: set[str] = set()
    everywhere = False
    own: set[str] = set()
    is_in = False
    logged_in = in_aux = 0
    for second in seconds:
        left = {cells[2] for cells in by_second.get(second, []) if cells[4] == "REMOVEMEMBER"}
        left -= {cells[2] for cells in by_second.get(second, []) if cells[4] == "ADDMEMBER"}
        here = sorted(by_second.get(second, []), key=lambda cells: order.index(cells[4]))
        for _, _, queue, _, event, *_ in here:
            match event:
                case "REMOVEMEMBER":
                    members.discard(queue)
                    paused.discard(queue)
                    own.discard(queue)
                case "ADDMEMBER":
                    members.add(queue)
                case "UNPAUSE":
                    paused.discard(queue)
                    own.discard(queue)
                    everywhere = False
                case "UNPAUSEALL":
                    paused.clear()
                    own.clear()
                    everywhere = False
                case "PAUSE" if queue not in left:
                    paused.add(queue)
                    own.add(queue)
                case "PAUSEALL":
                    paused |= set(QUEUES_OF_RANDOM) - left
                    everywhere = True
        is_in = bool(members)
        logged_in += is_in
        in_aux += is_in and (everywhere or bool(own)) and not members - paused
    return logged_in, in_aux


@pytest.mark.parametrize("seed", range(2))
def test_a_random_day_in_any_slices_says_what_the_pbx_did(
    site, deliver, rebuild, query, attendance, seed
):
    """Delivered line by line in any order, in files that overlap, with a cycle after each."""
    random = Random(seed)
    log = random_log(random)
    lines = log.lines + random.choices(log.lines, k=10)
    random.shuffle(lines)
    for number in range(5):
        moment = EVENING + timedelta(minutes=number)
        content = "\n".join(lines[number::5]) + "\n"
        deliver("asterisk_queue_log", f"queue_log.{number}", content, moment)
        site(moment)

    def found():
        (spent_in_aux,) = query(
            "select coalesce(sum(aux_s), 0) as aux_s from marts.fct_aux_usage where agent_id = 'A1'"
        )
        return (attendance()["present_s"], spent_in_aux["aux_s"])

    # Presence counts to the end of the shift, AUX until the session closes itself an hour later
    expected = (spent(log, range(9 * 3600))[0], spent(log, range(10 * 3600))[1])
    assert found() == expected
    events = (
        "select event_key, agent_id, occurred_at, event, state from intermediate.int_agent_event"
    )
    incremental = sorted(map(repr, query(events)))
    rebuild(EVENING + timedelta(minutes=4))
    assert sorted(map(repr, query(events))) == incremental
    assert found() == expected
