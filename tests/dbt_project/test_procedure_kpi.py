"""The indicators of SOP 7, counted by hand: how fast, how right and how constant the work was."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import run_cycle
from tests.small_centre import DAY, MORNING, deliver_reference, roster

MINUTE = timedelta(minutes=1)
EVENING = MORNING + timedelta(hours=9)
"""17:00 in Jakarta, when the shifts of the day end."""
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
STEPS = {"plan_submission_speed", "plan_verification_speed", "plan_completion_speed"}
EVENTS = "event_id,occurred_at,agent_id,event,source\n"


@pytest.fixture
def centre(system, deliver):
    """The small centre with its roster; runs a cycle at each of the moments given."""
    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster(), MORNING - timedelta(days=1))

    def run(*moments):
        for moment in moments:
            run_cycle(system, moment)

    return run


@pytest.fixture
def write(system):
    def run(statement, **values):
        with system.warehouse.engine().begin() as connection:
            return connection.execute(text(statement), values)

    return run


@pytest.fixture
def breach(write):
    """Writes a breach that is over, and its plan if one was made, with the steps it took."""

    def make(started_at, detected_at, created_at=None, steps=(), **plan):
        breach_id = write(
            "insert into ops.breach (service_code, channel, kpi, started_at, detected_at,"
            " cleared_at, cleared_because, comparator, target, observed, numerator, denominator,"
            " severity) values ('KARTU', 'voice', 'scr', :started_at, :detected_at, :detected_at,"
            " 'met', '>=', 95, 50, 5, 10, 'warning') returning breach_id",
            started_at=started_at,
            detected_at=detected_at,
        ).scalar_one()
        if created_at:
            values = {"breach_id": breach_id, "created_at": created_at, **plan}
            values["status_since"] = created_at
            plan_id = write(
                f"insert into ops.recovery_plan (facts, {', '.join(values)})"
                f" values ('{{}}', {', '.join(':' + name for name in values)}) returning plan_id",
                **values,
            ).scalar_one()
            for action, taken_at, *due_at in steps:
                due = {"step": "submit" if action == "withdraw" else action}
                content = {"due": due | {"at": due_at[0].isoformat()}} if due_at else {}
                write(
                    "insert into ops.audit (at, actor, subject, subject_id, action, content)"
                    " values (:at, 'L1', 'recovery_plan', :plan_id, :action,"
                    " cast(:content as jsonb))",
                    at=taken_at,
                    plan_id=plan_id,
                    action=action,
                    content=json.dumps(content),
                )

    return make


@pytest.fixture
def indicators(query):
    """The report of a month, by indicator."""

    def read(month=NOVEMBER):
        rows = query("select * from marts.rpt_procedure_kpi where month = :month", month=month)
        assert {row["service_code"] for row in rows} <= {"KARTU"}
        assert {row["formula"] for row in rows} <= {
            f"{row['indicator']}/{2 if row['indicator'] in STEPS else 1}" for row in rows
        }
        return {row["indicator"]: row for row in rows}

    return read


def rate(row):
    return row["numerator"], row["denominator"], row["value"]


def time(row):
    return row["p50_s"], row["p90_s"], row["sla_s"]


def at(hour, minute):
    """A moment of the day on the clock of Jakarta."""
    return MORNING + timedelta(hours=hour - 8, minutes=minute)


def test_speed_is_measured_from_step_to_step_and_waiting_too_long_counts(
    centre, breach, indicators
):
    centre(at(13, 0))
    breach(
        *(at(8, 7), at(8, 37), at(8, 37)),
        # It was reopened: the first time counts
        steps=(
            ("submit", at(8, 50), at(9, 7)),
            ("verify", at(9, 20), at(9, 19)),
            ("finish", at(12, 0), at(12, 0)),
            ("submit", at(12, 30), at(12, 0)),
        ),
        is_effective=True,
    )
    breach(at(9, 32), at(10, 2), at(10, 5))
    found = indicators()
    # 7 minutes after 08:30 and 2 after 10:00
    assert rate(found["breach_detection_speed"]) == (1, 2, 50)
    assert time(found["breach_detection_speed"]) == pytest.approx((270, 390, 300))
    assert rate(found["plan_creation_speed"]) == (1, 2, 50)
    assert time(found["plan_creation_speed"]) == pytest.approx((90, 162, 60))
    # The second plan has been a draft for almost three hours
    assert rate(found["plan_submission_speed"]) == (1, 2, 50)
    assert time(found["plan_submission_speed"]) == (780, 780, None)
    # A minute after the time that held then; the second has not been submitted
    assert rate(found["plan_verification_speed"]) == (0, 1, 0)
    assert time(found["plan_verification_speed"]) == (2580, 2580, None)
    assert rate(found["plan_completion_speed"]) == (1, 1, 100)
    assert time(found["plan_completion_speed"]) == (12180, 12180, None)
    assert rate(found["plan_effectiveness"]) == (1, 1, 100)
    assert {row["sop_code"] for row in found.values()} == {"7.1", "7.2"}


def test_a_step_is_on_time_by_the_rule_of_its_time_and_late_once_that_is_over(
    centre, breach, deliver, indicators
):
    rules = "service_code,severity,step,due_min\nKARTU,warning,submit,120\n"
    deliver("plan_rule", "rules.csv", rules, MORNING)
    centre(at(13, 0))
    # Two hours, as the site says: one of these is not over yet, one was given up in time
    breach(at(10, 0), at(11, 30), at(11, 30))
    breach(
        *(at(8, 0), at(8, 37), at(8, 37)),
        steps=[("withdraw", at(9, 0), at(10, 37))],
        status="withdrawn",
        closed_at=at(9, 0),
    )
    assert rate(indicators()["plan_submission_speed"]) == (0, 0, None)
    breach(at(10, 0), at(10, 30), at(10, 30))
    assert rate(indicators()["plan_submission_speed"]) == (0, 1, 0)


def test_a_verified_plan_that_nobody_begins_is_late_by_its_own_time(centre, breach, indicators):
    centre(at(13, 0))
    for due_at in (at(12, 0), at(14, 0)):
        breach(
            *(at(8, 0), at(8, 37), at(8, 37)),
            status="verified",
            verified_at=at(9, 0),
            due_at=due_at,
        )
    assert rate(indicators()["plan_completion_speed"]) == (0, 1, 0)


def test_steps_of_before_their_due_times_were_kept_have_a_time_and_no_rate(
    centre, breach, indicators
):
    centre(at(13, 0))
    breach(at(8, 7), at(8, 37), at(8, 37), steps=[("submit", at(8, 50))])
    row = indicators()["plan_submission_speed"]
    assert (rate(row), row["p50_s"]) == ((0, 0, None), 780)


def test_what_nobody_can_know_yet_has_no_value(centre, breach, indicators):
    centre(at(13, 0))
    breach(at(8, 7), at(8, 37), at(8, 37))
    found = indicators()
    assert rate(found["plan_verified_at_once"]) == (0, 0, None)
    assert rate(found["plan_effectiveness"]) == (0, 0, None)


def test_a_plan_is_right_at_once_if_it_was_verified_without_having_been_returned(
    centre, breach, indicators
):
    centre(at(13, 0))
    breach(at(8, 7), at(8, 37), at(8, 37), verified_at=at(9, 0))
    breach(at(8, 7), at(8, 37), at(8, 37), verified_at=at(9, 0), times_returned=1)
    breach(at(8, 7), at(8, 37), at(8, 37), times_returned=1)
    assert rate(indicators()["plan_verified_at_once"]) == (1, 3, 33.333333333333336)


def test_a_breach_without_a_plan_is_late_once_its_plan_is(centre, breach, indicators):
    centre(at(13, 0))
    breach(at(12, 29), at(12, 59))
    assert rate(indicators()["plan_creation_speed"]) == (0, 0, None)
    breach(at(12, 20), at(12, 50))
    assert rate(indicators()["plan_creation_speed"]) == (0, 1, 0)
    assert time(indicators()["plan_creation_speed"]) == (None, None, 60)


def test_what_was_done_after_the_clock_is_not_done_yet(centre, breach, indicators):
    centre(at(13, 0))
    breach(at(12, 20), at(12, 50), at(12, 50), steps=[("submit", at(13, 1))])
    breach(at(13, 0), at(13, 30), at(13, 30))
    found = indicators()
    assert rate(found["plan_submission_speed"]) == (0, 0, None)
    assert found["breach_detection_speed"]["denominator"] == 1


def test_a_month_is_one_of_the_service_and_provisional_until_nothing_is_open(
    centre, breach, write, indicators
):
    midnight = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
    centre(midnight + 60 * MINUTE)
    breach(midnight - 31 * MINUTE, midnight - MINUTE, midnight - MINUTE)
    breach(midnight - 30 * MINUTE, midnight, midnight)
    november, december = indicators(), indicators(DECEMBER)
    for month in (november, december):
        assert month["breach_detection_speed"]["denominator"] == 1
    assert not november["breach_detection_speed"]["is_provisional"]
    assert november["plan_submission_speed"]["is_provisional"]
    assert december["breach_detection_speed"]["is_provisional"]
    write(
        "update ops.recovery_plan set status = 'closed', closed_at = :at",
        at=midnight + 59 * MINUTE,
    )
    assert not indicators()["plan_submission_speed"]["is_provisional"]


def test_checks_are_due_in_every_minute_on_duty_since_the_first_cycle(centre, write, indicators):
    began = MORNING + 60 * MINUTE
    centre(began)
    assert "login_check_consistency" not in indicators()
    record = (
        "insert into ops.cycle (as_of, step, started_at, finished_at, error)"
        " values (:as_of, :step, now(), now(), :error)"
    )
    for seconds, step, error in (
        (61, "build_marts", None),
        # A second look in the same minute
        (90, "build_marts", None),
        (180, "build_marts", "the disk is full"),
        (240, "land_feeds", None),
    ):
        write(record, as_of=began + timedelta(seconds=seconds), step=step, error=error)
    centre(began + 10 * MINUTE)
    found = indicators()
    for indicator, sop_code in (
        ("login_check_consistency", "7.4"),
        ("discipline_check_consistency", "7.5"),
    ):
        # The minute that has just begun is not due yet
        assert rate(found[indicator]) == (2, 10, 20)
        assert found[indicator]["sop_code"] == sop_code
        assert found[indicator]["lowest_day_pct"] == 20
        assert found[indicator]["is_provisional"]
    # Nobody is on duty after 17:00: 8 hours from 09:00 were due, whenever one looks
    centre(EVENING + 120 * MINUTE)
    assert rate(indicators()["login_check_consistency"]) == (3, 480, pytest.approx(100 * 3 / 480))


def test_a_day_without_a_check_is_the_lowest_of_the_month(centre, deliver, indicators):
    night = roster().replace(",P,", ",M,")
    deliver("roster", "night.csv", night, MORNING - timedelta(hours=20))
    centre(at(23, 0), at(23, 30))
    centre(at(8, 0) + timedelta(days=1))
    row = indicators()["login_check_consistency"]
    # 23:00 to midnight, two checks; midnight to 07:00, none
    assert rate(row) == (2, 480, pytest.approx(100 * 2 / 480))
    assert row["lowest_day_pct"] == 0


@pytest.mark.parametrize(
    ("first_look", "events_at", "known"),
    [
        (timedelta(0), -5 * MINUTE, 3),
        (MINUTE, -5 * MINUTE, 3),
        # One cycle was left out
        (MINUTE + timedelta(seconds=1), -5 * MINUTE, 0),
        # The events were more than ten minutes old
        (MINUTE, -10 * MINUTE, 0),
        (MINUTE, -9 * MINUTE, 3),
    ],
)
def test_attendance_is_known_if_the_next_cycle_looked_at_fresh_events(
    centre, deliver, indicators, first_look, events_at, known
):
    deliver(
        "agent_event",
        "events.csv",
        f"{EVENTS}1,{MORNING.isoformat()},A1,login,pbx\n",
        EVENING + events_at,
    )
    centre(MORNING, EVENING + first_look, EVENING + 30 * MINUTE)
    assert rate(indicators()["attendance_known"]) == (known, 3, pytest.approx(known / 3 * 100))


def test_late_input_changes_whose_attendance_is_counted_not_when_it_was_known(
    centre, deliver, indicators
):
    centre(MORNING, EVENING)
    # Less than one cycle has passed
    assert rate(indicators()["attendance_known"]) == (0, 0, None)
    deliver(
        "agent_event",
        "late.csv",
        f"{EVENTS}1,{MORNING.isoformat()},A1,login,pbx\n",
        EVENING + 30 * MINUTE,
    )
    deliver(
        "exception",
        "x.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by,updated_at\n"
        f"X1,A2,{DAY}T08:00:00,{DAY}T17:00:00,cuti,L1,{DAY}T18:00:00\n",
        EVENING + 60 * MINUTE,
    )
    centre(EVENING + 30 * MINUTE)
    assert rate(indicators()["attendance_known"]) == (0, 3, 0)
    centre(EVENING + 60 * MINUTE)
    assert rate(indicators()["attendance_known"]) == (0, 2, 0)


ROUND = (
    "insert into ops.rotg_round (service_code, roster_date, shift_code, team_code, items,"
    " checked_by, checked_at) values ('KARTU', :roster_date, :shift_code, 'T1', '{phone_on_desk}',"
    " 'L1', :checked_at) returning round_id"
)


def test_the_floor_is_checked_if_a_round_was_made_in_the_hours_of_the_shift(
    centre, deliver, write, indicators
):
    """Two mornings, and the night of the third day."""
    second, third = (DAY + timedelta(days=n) for n in (1, 2))
    shifts = roster(3).replace(f"{third},P,", f"{third},M,")
    deliver("roster", "three_days.csv", shifts, MORNING - timedelta(hours=20))
    centre(MORNING)
    assert "floor_check_consistency" not in indicators()

    def check(roster_date, shift_code, checked_at):
        values = {"roster_date": roster_date, "shift_code": shift_code, "checked_at": checked_at}
        return write(ROUND, **values).scalar_one()

    # Twice in one shift is once; a second too late is not in it
    check(DAY, "P", MORNING)
    check(DAY, "P", EVENING)
    check(second, "P", EVENING + timedelta(days=1, seconds=1))
    centre(EVENING)
    row = indicators()["floor_check_consistency"]
    assert rate(row) == (1, 1, 100)
    assert (row["sop_code"], row["aspect"], row["sla_s"]) == ("7.5", "consistency", None)
    assert row["is_provisional"]
    night = at(23, 0) + timedelta(days=2)
    round_id = check(third, "M", night)
    # The night is not over yet
    centre(night)
    row = indicators()["floor_check_consistency"]
    assert rate(row) == (1, 2, 50)
    assert row["lowest_day_pct"] == 0
    after = at(8, 0) + timedelta(days=3)
    centre(after)
    assert rate(indicators()["floor_check_consistency"]) == (2, 3, pytest.approx(200 / 3))
    write(
        "insert into ops.rotg_void (round_id, reason, voided_by, voided_at)"
        " values (:round_id, 'Salah', 'L1', :at)",
        round_id=round_id,
        at=after + MINUTE,
    )
    assert rate(indicators()["floor_check_consistency"])[0] == 2
    centre(after + MINUTE)
    assert rate(indicators()["floor_check_consistency"]) == (1, 3, pytest.approx(100 / 3))
    # What the pipeline checks is counted by the minute, and not by this
    assert indicators()["discipline_check_consistency"]["denominator"] > 400
