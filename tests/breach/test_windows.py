"""What a KPI's windows show and when that is a miss, against a second reckoning in plain Python."""

from __future__ import annotations

import math
import random
import statistics
from datetime import timedelta

import pytest

from rtm.cycle import run_step
from tests.small_centre import CALL_HEADER, MORNING, REFERENCE, call, deliver_reference

NOON = MORNING + timedelta(hours=4)
MINUTE = timedelta(minutes=1)
LATEST, SHORT, WINDOW, LONG, CLEAR, MIN_VOLUME = 2, 5, 30, 60, 15, 5
SURE_Z, FAST_Z, AT_RISK_S = 3.0, 5.0, 40
RULES = (
    "service_code,kpi,latest_min,short_min,long_min,sure_z,fast_z,at_risk_s,missed_for_min,"
    "clear_min,clear_margin,clear_for_min,is_active\n"
)
SCR_RULE = f"KARTU,scr,{LATEST},{SHORT},{LONG},{SURE_Z},{FAST_Z},{AT_RISK_S},0,{CLEAR},1,5,ya\n"


@pytest.fixture
def watched(system, deliver, query):
    """Delivers these files, takes them in at noon, and returns the row of a KPI."""
    deliver_reference(deliver)

    def take_in(files, kpi="scr", arrived_at=NOON):
        for feed, content in files.items():
            deliver(feed, f"{feed}_1.csv", content, arrived_at)
        for step in ("land_feeds", "build_marts"):
            run_step(system, step, NOON)
        (row,) = query(f"select * from marts.rpt_kpi_watch where kpi = '{kpi}'")
        return row

    return take_in


def calls_of(seed):
    """Calls of three hours whose outcome becomes worse by chance: row, when it was queued, when it
    was decided, whether it met the target, whether it counts once it is decided."""
    chance = random.Random(seed)
    rate = chance.choice((0.05, 0.2, 1, 3))
    loss = [chance.choice((0.02, 0.05, 0.2, 0.6)) for _ in range(18)]
    told, minute, number = [], 0.0, 0
    while (minute := minute + chance.expovariate(rate)) < 180:
        number += 1
        at = NOON - timedelta(minutes=180 - minute)
        is_lost = chance.random() < loss[int(minute // 10)]
        wait_s = chance.randrange(1, 120)
        outcome = chance.choice(("abandoned", "timed_out", "blocked")) if is_lost else "answered"
        decided = at + timedelta(seconds=wait_s)
        counts = not (outcome == "abandoned" and wait_s <= 5)
        told.append((call(f"C{number}", at, outcome, wait_s), at, decided, not is_lost, counts))
    return told


def wilson_upper(met, n, z):
    share = met / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return 100 * (middle + half) / (1 + z * z / n)


@pytest.mark.parametrize("seed", range(8))
def test_the_windows_are_those_of_a_second_reckoning(watched, seed):
    told = calls_of(seed)
    row = watched(
        {"breach_rule": RULES + SCR_RULE, "call": CALL_HEADER + "".join(t[0] for t in told)}
    )

    def within(minutes):
        since = NOON - minutes * MINUTE
        return [met for _, _, decided, met, counts in told if counts and since < decided <= NOON]

    latest, short, window, long, clear = map(within, (LATEST, SHORT, WINDOW, LONG, CLEAR))
    waiting = [at for _, at, decided, _, _ in told if at <= NOON < decided]
    too_long = sum(at <= NOON - timedelta(seconds=AT_RISK_S) for at in waiting)
    answered = sum(met for _, _, decided, met, _ in told if NOON - 3 * MINUTE < decided <= NOON)
    at_risk = max(too_long, len(waiting) - math.ceil(answered * AT_RISK_S / 180)) * [False]
    latest, short = latest + at_risk, short + at_risk
    short_is_low = not short or 100 * sum(short) / len(short) < 95
    deciding, length, is_missed, risk = window, WINDOW, False, 0
    if len(window) >= MIN_VOLUME:
        is_missed = short_is_low and wilson_upper(sum(window), len(window), SURE_Z) < 95
    elif len(long) >= MIN_VOLUME:
        is_missed = short_is_low and wilson_upper(sum(long), len(long), SURE_Z) < 95
        deciding, length = (long, LONG) if is_missed else (window, WINDOW)
    for at_once, minutes in ((short, SHORT), (latest, LATEST)):
        if not is_missed and len(at_once) >= MIN_VOLUME:
            is_missed = wilson_upper(sum(at_once), len(at_once), FAST_Z) < 95
            if is_missed:
                deciding, length, risk = at_once, minutes, len(at_risk)
    assert row["is_missed"] == is_missed
    assert row["decided_over_min"] == length
    assert (row["numerator"], row["denominator"]) == (sum(deciding), len(deciding))
    assert row["at_risk"] == risk
    assert row["is_recovered"] == (bool(clear) and statistics.mean(clear) >= 0.96)


def test_a_rule_that_is_switched_off_tells_no_miss(watched):
    lost = "".join(
        call(f"L{n}", NOON - 3 * MINUTE + n * timedelta(seconds=1), "blocked", 0) for n in range(50)
    )
    off = SCR_RULE.replace(",ya", ",tidak")
    row = watched({"breach_rule": RULES + off, "call": CALL_HEADER + lost})
    assert (row["observed"], row["is_missed"]) == (0, False)


def test_a_mean_is_missed_when_it_lies_beyond_the_target_by_its_own_spread(watched):
    target = REFERENCE["kpi_target"].splitlines()[0] + "\nKARTU,voice,aht,<=,50,,,5,2026-01-01\n"
    first = NOON - 25 * MINUTE
    answered = "".join(call(f"T{n}", first + n * MINUTE / 2) for n in range(40))
    files = {"kpi_target": target, "call": CALL_HEADER + answered}
    row = watched(files | {"breach_rule": RULES + "KARTU,aht,,,,,,,,,,,ya\n"}, "aht")
    # All talk for 60 s: what does not vary is known for sure.
    assert (row["observed"], row["at_best"], row["is_missed"]) == (60, 60, True)


def test_a_conversation_counts_against_its_target_from_the_moment_it_is_overdue(watched):
    header = "conversation_id,service_code,channel,received_at,first_response_at,closed_at\n"
    # Due after 60 s: overdue, answered in time, answered late, closed before it was due, not due
    rows = (
        ("V1", 10, "", ""),
        ("V2", 10, 9.5, ""),
        ("V3", 10, 1, ""),
        ("V4", 10, "", 9.5),
        ("V5", 0.5, "", ""),
    )

    def cell(minutes):
        return (NOON - minutes * MINUTE).isoformat() if minutes != "" else ""

    content = header + "".join(
        f"{name},KARTU,chat,{cell(received)},{cell(answered)},{cell(closed)}\n"
        for name, received, answered, closed in rows
    )
    row = watched({"conversation": content}, "response_time")
    assert (row["numerator"], row["denominator"]) == (1, 3)


WAITING = "".join(call(f"W{n}", NOON - (2 + n / 60) * MINUTE, "open", 0) for n in range(12))


def test_callers_who_wait_in_vain_are_a_miss_before_they_hang_up(watched):
    row = watched({"call": CALL_HEADER + WAITING})
    told = (row["is_missed"], row["at_risk"], row["numerator"], row["denominator"])
    assert told == (True, 12, 0, 12)


def test_where_callers_always_wait_so_long_nothing_is_at_risk_yet(watched):
    yesterday = NOON - timedelta(days=1)
    usual = "".join(call(f"U{n}", yesterday + n * MINUTE, wait_s=45) for n in range(30))
    # Twelve are answered in the time that callers may wait here
    answered = "".join(call(f"A{n}", NOON - 3 * MINUTE, wait_s=90) for n in range(16))
    row = watched({"call": CALL_HEADER + usual + WAITING + answered})
    assert (row["is_missed"], row["at_risk"], row["denominator"]) == (False, 0, 16)


@pytest.mark.parametrize(("answered", "at_risk"), [(24, 0), (12, 6), (0, 12)])
def test_callers_are_at_risk_who_must_wait_too_long_at_the_pace_of_the_last_answers(
    watched, answered, at_risk
):
    # In 90 s half as many are answered as in the last three minutes
    came = "".join(call(f"W{n}", NOON - n * timedelta(seconds=1), "open", 0) for n in range(12))
    served = "".join(call(f"A{n}", NOON - 2 * MINUTE, wait_s=n) for n in range(answered))
    row = watched({"call": CALL_HEADER + came + served})
    assert (row["is_missed"], row["at_risk"]) == (at_risk > 0, at_risk)
    assert row["denominator"] == answered + at_risk


def test_in_a_silence_of_the_feed_nobody_is_taken_to_wait_on(watched):
    # Five seconds in the queue when the last file came
    queued = "".join(call(f"W{n}", NOON - (4 + 5 / 60) * MINUTE, "open", 0) for n in range(12))
    row = watched({"call": CALL_HEADER + queued}, arrived_at=NOON - 4 * MINUTE)
    assert (row["is_missed"], row["at_risk"], row["denominator"]) == (False, 0, 0)


def test_a_caller_whose_end_is_never_told_is_not_awaited_for_hours(watched):
    lost = "".join(call(f"O{n}", NOON - (35 + n) * MINUTE, "open", 0) for n in range(12))
    row = watched({"call": CALL_HEADER + lost})
    assert (row["is_missed"], row["denominator"]) == (False, 0)


def test_after_hours_no_conversation_is_at_risk(watched):
    header = "conversation_id,service_code,channel,received_at,first_response_at\n"
    service = "service_code,service_name,client_name,timezone,opening_hours\n"
    # Closed since 11:58; each had twenty seconds left then
    hours = service + "KARTU,Kartu Kredit,Bank,Asia/Jakarta,Mo-Su 08:00-11:58\n"
    received = (NOON - 2 * MINUTE - timedelta(seconds=40)).isoformat()
    content = header + "".join(f"V{n},KARTU,chat,{received},\n" for n in range(12))
    row = watched({"service": hours, "conversation": content}, "response_time")
    assert (row["is_missed"], row["at_risk"], row["denominator"]) == (False, 0, 0)


def test_a_conversation_is_at_risk_half_a_minute_before_it_is_due(watched):
    header = "conversation_id,service_code,channel,received_at,first_response_at,closed_at\n"

    def row(name, waits_s, closed_s=None):
        received = NOON - timedelta(seconds=waits_s)
        closed = (NOON - timedelta(seconds=closed_s)).isoformat() if closed_s else ""
        return f"{name},KARTU,chat,{received.isoformat()},,{closed}\n"

    waiting = "".join(row(f"W{n}", 30 + n) for n in range(8))
    told = watched(
        {"conversation": header + waiting + row("C1", 50, 5) + row("N1", 29)}, "response_time"
    )
    assert (told["at_risk"], told["numerator"], told["denominator"]) == (8, 0, 8)
    assert told["is_missed"]


def test_who_waits_longest_is_held_against_a_target_of_its_own(watched, query):
    target = REFERENCE["kpi_target"].splitlines()[0] + "\n"
    target += "KARTU,chat,oldest_waiting,<=,300,600,,0,2026-01-01\n"
    header = "conversation_id,service_code,channel,received_at,first_response_at\n"
    waits_s = (400, 20, 900)
    rows = [f"V{s},KARTU,chat,{(NOON - timedelta(seconds=s)).isoformat()}," for s in waits_s]
    rows[-1] += NOON.isoformat()
    files = {
        "kpi_target": target,
        "breach_rule": RULES + "KARTU,oldest_waiting,,,,,,,,,,,ya\n",
        "conversation": header + "\n".join(rows) + "\n",
    }
    row = watched(files, "oldest_waiting")
    assert (row["observed"], row["is_missed"], row["is_recovered"]) == (400, True, False)
    (now,) = query("select * from marts.rpt_kpi_today where kpi = 'oldest_waiting'")
    assert (now["observed"], now["unit"], now["verdict"]) == (400, " s", "missed")


def test_the_night_does_not_make_a_conversation_overdue(watched):
    header = "conversation_id,service_code,channel,received_at,first_response_at\n"
    service = "service_code,service_name,client_name,timezone,opening_hours\n"
    # as_of is noon
    hours = service + "KARTU,Kartu Kredit,Bank,Asia/Jakarta,Mo-Su 11:58-17:00\n"
    early = (NOON - 240 * MINUTE).isoformat()
    content = header + f"V1,KARTU,chat,{early},\nV2,KARTU,chat,{early},{NOON.isoformat()}\n"
    row = watched({"service": hours, "conversation": content}, "response_time")
    # Both were due at 11:59, one minute after the doors opened; the reply at noon came too late.
    assert (row["numerator"], row["denominator"], row["short_observed"]) == (0, 2, 0)


def test_what_makes_no_sense_in_a_rule_keeps_the_default(watched, query):
    row = watched({"breach_rule": RULES + "KARTU,scr,0,0,-1,0,-3,0,-1,0,-1,-5,\n"})
    assert (row["missed_for_min"], row["clear_for_min"]) == (0, 5)
    stated = query("select * from intermediate.int_watched_kpi where kpi = 'scr'")
    known = query("select * from staging.stg_breach__rule where kpi = 'scr'")
    windows = ("latest_min", "short_min", "long_min", "clear_min")
    for column in (*windows, "sure_z", "fast_z", "at_risk_s", "clear_margin"):
        assert stated[0][column] == known[0][column] > 0, column
    assert stated[0]["is_active"]
