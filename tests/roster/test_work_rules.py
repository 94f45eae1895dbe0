"""What a roster asks of people: each rule lets the last lawful roster pass and the next one not."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from rtm.cycle import System, gate_rosters, land_feeds
from rtm.roster_limits import RosterLimits
from tests.small_centre import DAY, MORNING, ROSTER_HEADER, deliver_reference

from .conftest import DAY_BEFORE, published, verdicts

EARLIER = DAY_BEFORE - timedelta(hours=2)
SHIFTS = """\
shift_code,shift_name,start_time,end_time,break_min,kind,overtime
S,Siang,14:00,23:00,60,work,
G,Geser,10:00,19:00,60,work,
P6,Pagi 6 hari,08:00,16:00,60,work,
N9,Sembilan jam,08:00,18:00,60,work,
L8,Lembur di hari libur,08:00,17:00,60,work,ya
L12,Lembur 4 jam,08:00,21:00,60,work,ya
L13,Lembur 5 jam,08:00,22:00,60,work,ya
T4,Paruh waktu,08:00,12:00,,work,
T5,Tanpa istirahat,08:00,12:30,,work,
R29,Istirahat pendek,08:00,16:00,29,work,
E,Subuh,06:00,15:00,60,work,
D,Pelatihan,,,,training,
"""
SIX_DAYS = "6x7"
AGENT_HEADER = (
    "agent_id,agent_name,role,team_code,work_pattern,night_shift_allowed,active_from,email\n"
)


def plan(codes: str, agent: str = "A2", first=DAY) -> str:
    """The roster of one agent from a date on; somebody else is in charge all day."""
    rows = [
        f"KARTU,{agent},{first + timedelta(days=n)},{code},agent\n"
        for n, code in enumerate(codes.split())
    ]
    return ROSTER_HEADER + "".join(rows)


@pytest.fixture
def people(system, deliver):
    """Says of A2 how he works."""
    deliver("shift", "more.csv", SHIFTS, EARLIER)

    def run(work_pattern="5x8", night="ya"):
        row = f"A2,Budi,agent,T1,{work_pattern},{night},2026-01-01,budi@bank.example\n"
        deliver("agent", "how.csv", AGENT_HEADER + row, EARLIER)

    return run


@pytest.fixture
def broken(judge):
    """The findings of one rule on a roster."""

    def run(rule, content, name="roster.csv", at=DAY_BEFORE):
        return [finding for finding in judge(content, at, name) if finding["rule"] == rule]

    return run


@pytest.mark.parametrize(
    ("rule", "pattern", "lawful", "unlawful", "says"),
    [
        ("rest", "5x8", "S G", "S P", "9:00 < 11:00 (S 2026-11-23 → P 2026-11-24)"),
        ("day_hours", "5x8", "P", "N9", "9:00 > 8:00"),
        ("day_hours", SIX_DAYS, "P6", "P", "8:00 > 7:00"),
        ("week_hours", "5x8", "P P P P P", "P P P P P OFF T4", "44:00 > 40:00"),
        ("week_hours", "5x8", "P P P P P L8", "N9 P P P P L8", "41:00 > 40:00"),
        ("day_overtime", "5x8", "L12", "L13", "5:00 > 4:00"),
        ("week_overtime", "5x8", "L12 L12 L12 L12 P", "L12 L12 L12 L12 L12", "20:00 > 18:00"),
        ("week_overtime", "5x8", "P P P P P L8 L8", "P P L12 P P L8 L8", "20:00 > 18:00"),
        ("weekly_rest", "5x8", "P P P P P L8", "P P P P P T4", "6 > 5"),
        ("weekly_rest", "5x8", "P P P P D", "P P P P P D", "6 > 5"),
        ("weekly_rest", SIX_DAYS, "P6 P6 P6 P6 P6 T4", "P6 P6 P6 P6 P6 T4 T4", "7 > 6"),
        (
            "weekly_rest",
            SIX_DAYS,
            "OFF T4 T4 T4 T4 T4 T4 OFF",
            "OFF T4 T4 T4 T4 T4 T4 T4",
            "7 > 6 (2026-11-24 – 2026-11-30)",
        ),
        ("break", "5x8", "T4", "T5", "T5 0 < 30"),
        ("break", "5x8", "P", "R29", "R29 29 < 30"),
        ("consecutive_days", "5x8", "P P P P P L8", "P P P P P L8 L8", "7 > 6"),
        ("consecutive_nights", "5x8", "M M M M M OFF M", "M M M M M M", "6 > 5"),
    ],
)
def test_the_last_lawful_roster_passes_and_the_next_does_not(
    people, broken, rule, pattern, lawful, unlawful, says
):
    people(pattern)
    assert broken(rule, plan(lawful), "lawful.csv") == []
    found = broken(rule, plan(unlawful), "unlawful.csv", DAY_BEFORE + timedelta(minutes=1))
    assert found
    assert {finding["agent_id"] for finding in found} == {"A2"}
    assert says in found[0]["message"]
    assert found[0]["row_number"] is not None


@pytest.mark.parametrize("code", ["M", "E"])
def test_who_may_not_work_at_night_does_not(people, broken, code):
    people(night="tidak")
    assert broken("no_night", plan("S P G"), "lawful.csv") == []
    at = DAY_BEFORE + timedelta(minutes=1)
    (found,) = broken("no_night", plan(f"P {code}"), "unlawful.csv", at)
    assert found["roster_date"] == DAY + timedelta(days=1)
    assert "UU 13/2003" in found["message"]


def test_who_may_work_at_night_does(people, broken):
    people(night="ya")
    assert broken("no_night", plan("M M")) == []


def test_a_week_is_counted_with_what_is_published_of_it(people, judge, broken, query):
    """Four days stand; three more make too many hours and too few days of rest."""
    people()
    days = [DAY + timedelta(days=n) for n in range(7)]
    full = [
        ROSTER_HEADER
        + "".join(
            f"KARTU,{agent},{day},P,{function}\n"
            for day in part
            for agent, function in (("A1", "pic"), ("A2", "agent"), ("L1", "rtfm"))
        )
        for part in (days[:4], days[4:])
    ]
    assert judge(full[0], name="first.csv") == []
    found = judge(full[1], DAY_BEFORE + timedelta(minutes=1), "second.csv")
    of_budi = {(f["rule"], f["roster_date"]) for f in found if f["agent_id"] == "A2"}
    assert of_budi == {
        ("week_hours", days[6]),
        ("weekly_rest", days[6]),
        ("consecutive_days", days[6]),
    }


# Coverage


def required(agents: str, at=MORNING) -> str:
    header = "service_code,interval_start,required_agents\n"
    return header + "".join(
        f"KARTU,{(at + timedelta(minutes=30 * n)).isoformat()},{needed}\n"
        for n, needed in enumerate(agents.split())
    )


@pytest.fixture
def needed(system, deliver):
    return lambda agents: deliver("staffing_requirement", "r.csv", required(agents), EARLIER)


def whole_day() -> str:
    return ROSTER_HEADER + "".join(
        f"KARTU,{agent},{DAY},P,{function}\n"
        for agent, function in (("A1", "pic"), ("A2", "agent"), ("L1", "rtfm"))
    )


def test_a_roster_that_covers_what_is_required_has_no_finding(judge, needed):
    """The team leader in the RTFM function serves nobody and is not counted."""
    needed("2 2 1")
    assert judge(whole_day()) == []


@pytest.fixture
def judged_at(system, deliver, query):
    """The roster of one day at a share of agents below which coverage is an error."""

    def run(coverage_pct):
        deliver_reference(deliver)
        deliver("roster", "roster.csv", whole_day(), DAY_BEFORE)
        limits = RosterLimits.read(f"coverage_pct={coverage_pct}")
        settings = dataclasses.replace(system.settings, roster_limits=limits)
        land_feeds(system, DAY_BEFORE)
        gate_rosters(System(settings, system.warehouse), DAY_BEFORE)
        return query("select rule, severity, message from ops.roster_finding order by message")

    return run


def test_far_too_few_agents_are_an_error_with_their_stretch_of_time(judged_at, needed, query):
    needed("2 5 5 2 6")
    found = judged_at(50)
    assert [(f["rule"], f["severity"]) for f in found] == [("coverage_share", "error")] * 2
    assert "08:30 – 09:30: 2 < 5" in found[0]["message"]
    assert "10:00 – 10:30: 2 < 6" in found[1]["message"]
    assert verdicts(query) == {"roster.csv": "invalid"}


@pytest.mark.parametrize(("share", "agents"), [(50, "4"), (0, "100")], ids=["above", "not set"])
def test_too_few_are_a_warning_and_block_nothing(judged_at, needed, query, share, agents):
    needed(agents)
    (found,) = judged_at(share)
    assert (found["rule"], found["severity"]) == ("coverage", "warning")
    assert len(published(query)) == 1
    (version,) = query("select verdict, errors, warnings from ops.roster_version")
    assert version == {"verdict": "valid", "errors": 0, "warnings": 1}


def test_a_roster_is_judged_again_when_the_company_changes_a_limit(system, judge, people, query):
    people()
    first = judge(whole_day().replace(",P,", ",N9,"))
    assert {f["rule"] for f in first} == {"day_hours"}
    limits = RosterLimits.read("five_day_h=9")
    patient = System(dataclasses.replace(system.settings, roster_limits=limits), system.warehouse)
    assert gate_rosters(patient, DAY_BEFORE + timedelta(minutes=1))["valid"] == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rust_h=12", "there is no limit 'rust_h'; there are rest_h"),
        ("rest_h", "give a number, as in rest_h=12"),
        ("rest_h=-1", "give a number from 0 to 1000"),
    ],
)
def test_a_limit_that_cannot_be_read_says_so(text, says):
    with pytest.raises(ValueError, match=says):
        RosterLimits.read(text)


def test_limits_are_given_by_name():
    assert RosterLimits.read(" rest_h=12, consecutive_nights = 4 ") == RosterLimits(
        rest_h=12, consecutive_nights=4
    )
