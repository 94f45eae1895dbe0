"""The true cause of simulated trouble comes out as the largest, and no other is made up."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import text

from rtm.recovery.analysis import explain_gap
from rtm.recovery.analysis.circumstances import Circumstances, Expected, Finding
from rtm.recovery.analysis.contacts import Contacts
from rtm.recovery.analysis.explaining import explain
from rtm.recovery.analysis.rerun import STAFF_CAUSES, Cause, Situation, ended_in, slices_of
from rtm.recovery.analysis.service import Breach, Rules
from rtm.recovery.analysis.usual import Usual
from tests.recovery.analysis.troubled_centre import TROUBLES

KPIS = {"voice": ("scr", "service_level", "asa"), "chat": ("response_time", "waiting_list")}
MISSED = [
    (name, kpi)
    for name, trouble in TROUBLES.items()
    for kpi in KPIS[trouble.channel]
    # Calls that find no line wait for nobody, and those who wait all see the same queue.
    if trouble.cause and (name, kpi) != ("voice_outage", "asa")
]


def shares(explanation):
    return {share.cause: share for share in explanation.causes}


def as_missed(breach):
    """With a target that is missed, where the trouble alone does not miss it by much."""
    if breach["kpi"] in ("scr", "service_level", "response_time"):
        return breach | {"target": max(breach["target"], min(breach["observed"] + 5, 100))}
    return breach | {"target": min(breach["target"], breach["observed"] / 2)}


@pytest.mark.parametrize(("name", "kpi"), MISSED)
def test_the_true_cause_is_the_largest(centre, connection, name, kpi):
    explanation = explain_gap(connection, as_missed(centre.breach(name, kpi)), centre.as_of)
    assert explanation.is_explained
    largest = max(explanation.causes, key=lambda share: share.share or 0.0)
    assert largest.cause == TROUBLES[name].cause, explanation
    if largest.cause != "unexplained":
        assert largest.share > 0.6 * explanation.gap, explanation
    told = [share.share or 0.0 for share in explanation.causes]
    assert sum(told) == pytest.approx(explanation.gap, abs=1e-9)


@pytest.mark.parametrize("kpi", ["service_level", "asa"])
def test_where_nothing_is_wrong_no_cause_is_made_up(centre, connection, kpi):
    breach = centre.breach("healthy", kpi)
    missed = breach | {"target": breach["observed"] + (5 if kpi == "service_level" else -5)}
    explanation = explain_gap(connection, missed, centre.as_of)
    assert explanation.gap == pytest.approx(5)
    for cause, share in shares(explanation).items():
        if cause != "unexplained":
            assert share.low <= 0.5, explanation


def test_the_queue_run_again_is_the_queue_that_was(centre, connection):
    for name in ("voice_left", "voice_slow", "voice_surge", "voice_outage"):
        explanation = explain_gap(connection, centre.breach(name, "scr"), centre.as_of)
        assert explanation.as_it_was == pytest.approx(explanation.observed, abs=4), name
        assert explanation.put_right > explanation.target, name


def test_calls_that_found_no_line_are_counted(centre, connection):
    explanation = explain_gap(connection, centre.breach("voice_outage", "scr"), centre.as_of)
    (blocked,) = connection.execute(
        text("select sum(blocked) from marts.fct_scr_interval where service_code = :service_code"),
        {"service_code": TROUBLES["voice_outage"].service_code},
    ).one()
    assert shares(explanation)["lines"].amount == blocked > 20


def test_the_same_breach_is_always_explained_the_same_way(centre):
    breach = centre.breach("voice_left", "scr")
    told = []
    for _ in range(2):
        with centre.warehouse.engine().connect() as connection:
            told.append(json.dumps(explain_gap(connection, breach, centre.as_of).told()))
    assert told[0] == told[1]


def test_the_answer_does_not_depend_on_how_the_moments_are_written(centre, connection):
    breach = centre.breach("voice_left", "scr")
    elsewhere = {
        name: breach[name].astimezone(ZoneInfo("Asia/Makassar"))
        for name in ("started_at", "detected_at")
    }
    first = explain_gap(connection, breach, centre.as_of)
    assert explain_gap(connection, breach | elsewhere, centre.as_of.astimezone(UTC)) == first


def test_a_row_of_the_table_will_do(centre, connection):
    breach = centre.breach("voice_left", "scr")
    row = connection.execute(
        text(
            "select *, window_start_at as started_at, as_of as detected_at"
            " from marts.rpt_kpi_watch where service_code = :service_code and kpi = 'scr'"
        ),
        breach,
    ).one()
    assert explain_gap(connection, row, centre.as_of) == explain_gap(
        connection, breach, centre.as_of
    )


def test_two_causes_at_once_share_the_gap(centre, changed):
    changed.execute(
        text(
            "update raw.staffing_requirement set"
            " forecast_offered = (forecast_offered::float * 0.5)::text"
        )
    )
    breach = centre.breach("voice_left", "scr", target=99)
    explanation = explain_gap(changed, breach, centre.as_of)
    found = shares(explanation)
    two = [found[cause].share for cause in ("absent_or_late", "volume_above_forecast")]
    assert min(two) > 0.15 * explanation.gap, explanation
    assert sum(two) > 0.9 * explanation.gap, explanation


# A deviation that is none


def test_what_chance_may_bring_is_no_cause():
    expected = Expected(np.full(4, 50.0), np.sqrt(np.full(4, 50.0)), 0.0)
    window = np.array([False, False, True, True])
    assert expected.left_of(np.array([60.0, 40, 55, 55]), window).tolist() == [1, 1, 1, 1]
    # One slice by itself, or the window as a whole
    assert expected.left_of(np.array([100.0, 50, 50, 50]), window).tolist() == [0.5, 1, 1, 1]
    left = expected.left_of(np.array([50.0, 50, 62, 63]), window)
    assert (left * (50, 50, 62, 63)).tolist() == pytest.approx([50, 50, 49.6, 50.4])


def test_a_forecast_that_may_be_wrong_by_a_quarter_asks_for_more():
    expected = Expected(np.full(2, 50.0), np.sqrt(np.full(2, 50.0)), 0.25)
    window = np.array([False, True])
    assert expected.left_of(np.array([70.0, 70]), window).tolist() == [1, 1]
    assert expected.left_of(np.array([150.0, 100]), window).tolist() == [1 / 3, 0.5]


# What is not known


def test_without_a_forecast_the_reason_is_told(centre, changed):
    changed.execute(text("delete from raw.staffing_requirement"))
    explanation = explain_gap(changed, centre.breach("voice_surge", "scr"), centre.as_of)
    found = shares(explanation)
    for cause, reason in (
        ("volume_above_forecast", "no_forecast"),
        ("aht_above_forecast", "no_forecast_aht"),
        ("roster_below_requirement", "no_requirement"),
    ):
        assert (found[cause].share, found[cause].reason) == (None, reason)
    assert found["unexplained"].share > 0.9 * explanation.gap


def test_without_a_roster_nobody_is_called_absent(centre, changed):
    changed.execute(text("delete from intermediate.int_shift"))
    explanation = explain_gap(changed, centre.breach("voice_left", "scr"), centre.as_of)
    found = shares(explanation)
    for cause in ("absent_or_late", "aux_over_allowance", "roster_below_requirement"):
        assert (found[cause].share, found[cause].reason) == (None, "no_roster")


def test_a_surge_that_was_forecast_is_a_roster_below_requirement(centre, changed):
    changed.execute(
        text(
            "update raw.staffing_requirement set"
            " forecast_offered = (forecast_offered::float * 2)::text,"
            " required_agents = (required_agents::float * 2)::text"
        )
    )
    explanation = explain_gap(changed, centre.breach("voice_surge", "scr"), centre.as_of)
    assert explanation.causes[0].cause == "roster_below_requirement", explanation
    assert explanation.causes[0].amount > 10


def test_without_agent_states_nothing_is_explained(centre, changed):
    for table in ("int_agent_state", "int_shift"):
        changed.execute(text(f"delete from intermediate.{table}"))
    explanation = explain_gap(changed, centre.breach("voice_left", "scr"), centre.as_of)
    assert (explanation.is_explained, explanation.reason) == (False, "no_agent_states")
    assert shares(explanation)["unexplained"].share == explanation.gap


@pytest.mark.parametrize(
    ("kpi", "told", "reason"),
    [
        ("aht", {"target": 10}, "not_a_queue"),
        ("scr", {"target": 10}, "no_gap"),
        ("scr", {"service_code": "NOBODY"}, "unknown_service"),
    ],
)
def test_what_cannot_be_run_again_says_why(centre, connection, kpi, told, reason):
    breach = centre.breach("voice_left", kpi, **told)
    explanation = explain_gap(connection, breach, centre.as_of)
    assert (explanation.is_explained, explanation.reason) == (False, reason)


# What it costs


def large_service(contacts_an_hour):
    """All causes at work in a window that is as full as this."""
    random = np.random.default_rng(4)
    count = round(contacts_an_hour * 1.5)
    arrives_s = np.sort(random.uniform(0, 5400, count))
    fate = random.choice(["served", "abandoned", "blocked"], count, p=[0.7, 0.25, 0.05])
    contacts = Contacts(
        arrives_s,
        arrives_s,
        fate,
        random.exponential(60, count),
        np.where(fate == "served", random.exponential(240, count), np.nan),
        np.zeros(count),
        arrives_s,
        arrives_s + 200,
    )
    slices = slices_of(3600.0, 5400.0)
    servers = np.full(90, contacts_an_hour * 240 / 3600 * 0.8)
    situation = Situation(
        kpi="scr",
        rules=Rules(ZoneInfo("UTC"), 5.0, True, False, None, 1),
        contacts=contacts,
        from_s=3600.0,
        to_s=5400.0,
        servers=servers,
        added=dict.fromkeys(STAFF_CAUSES, servers * 0.1),
        slices=slices,
        handling_factor=np.full(len(slices), 0.9),
        kept_share=np.full(len(slices), 0.9),
        lines=None,
        finds_no_line=np.zeros(count, dtype=bool),
    )
    causes = tuple(cause for cause in Cause if cause is not Cause.UNEXPLAINED)
    usual = Usual({}, 1.0, 240.0, 240.0, 0.0, 500, 100_000.0, 1)
    findings = dict.fromkeys(causes, Finding(None))
    ended = ended_in(contacts, slices)
    return Circumstances(situation, usual, ended, findings, causes)


@pytest.mark.parametrize("contacts_an_hour", [60, 2_000, 20_000])
def test_a_breach_costs_a_second_or_two_whatever_the_service(contacts_an_hour):
    start = datetime(2026, 11, 23, 3, tzinfo=UTC)
    breach = Breach("X", "voice", "scr", start, start + timedelta(minutes=30), ">=", 95.0, 70.0)
    found = large_service(contacts_an_hour)
    before_s = time.process_time()
    explanation = explain(breach, found)
    spent_s = time.process_time() - before_s
    assert spent_s < 5, explanation.replications
    assert sum(share.share for share in explanation.causes) == pytest.approx(explanation.gap)
