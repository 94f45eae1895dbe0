"""The H-1 gate: a good roster is published, and each rule turns a bad one away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.roster import gate
from tests.small_centre import DAY, MORNING, REFERENCE, ROSTER_HEADER, roster

from .conftest import DAY_BEFORE, MAKERS, published, verdicts

NEXT_DAY = DAY + timedelta(days=1)
TIMED_HEADER = "service_code,agent_id,roster_date,shift_code,function,start_at,end_at\n"


def timed(agent: str, times: str) -> str:
    """The roster of one day, where one agent's row gives its own times."""
    rows = roster().splitlines()[1:]
    return TIMED_HEADER + "".join(
        f"{row},{times if f',{agent},' in row else ','}\n" for row in rows
    )


def test_a_good_roster_is_published_and_its_makers_are_told(judge, query):
    assert judge(roster(days=3)) == []
    assert verdicts(query) == {"roster.csv": "valid"}
    assert [row["roster_date"] for row in published(query)] == [
        DAY + timedelta(days=n) for n in range(3)
    ]
    mails = query("select recipient, subject from ops.outbox order by recipient")
    assert [mail["recipient"] for mail in mails] == MAKERS
    assert mails[0]["subject"] == "[RTM] Roster KARTU 2026-11-23 – 2026-11-25: SAH"


@pytest.mark.parametrize(
    ("rule", "break_it", "names"),
    [
        ("known_agent", lambda r: r + f"KARTU,HANTU,{DAY},P,agent\n", "HANTU"),
        ("known_shift", lambda r: r.replace("A2,2026-11-23,P", "A2,2026-11-23,X9"), "X9"),
        ("one_shift_a_date", lambda r: r + f"KARTU,A2,{DAY},P,agent\n", "(baris 3)"),
        ("complete", lambda r: r.replace(f"KARTU,A2,{DAY},P,agent\n", ""), "A2"),
        ("pic_on_shift", lambda r: r.replace(",pic", ",agent"), "2026-11-23 08:00"),
        ("rtfm_on_shift", lambda r: r.replace(",rtfm", ",agent"), "2026-11-23 08:00"),
        (
            "rtfm_on_shift",
            lambda r: r.replace("L1", "A9").replace("A2", "L1").replace("A9", "A2"),
            "2026-11-23 08:00",
        ),
        ("readable", lambda r: r.replace("A2,2026-11-23", "A2,23 Nov"), "23 Nov"),
        ("shift_has_times", lambda r: r.replace("A2,2026-11-23,P", "A2,2026-11-23,NIHIL"), "NIHIL"),
        ("not_empty", lambda r: ROSTER_HEADER, ""),
        ("structure", lambda r: r.replace("shift_code", "kode"), "missing columns: shift_code"),
        ("structure", lambda r: "", "empty"),
        ("known_service", lambda r: r.replace("KARTU,A2", "KRATU,A2"), "KRATU"),
        ("ends_after_start", lambda r: timed("A2", f"{DAY} 17:00,{DAY} 08:00"), f"{DAY} 08:00"),
        ("ends_after_start", lambda r: timed("A2", f"{DAY} 08:00,{DAY} 08:00"), f"{DAY} 08:00"),
        ("one_period", lambda r: r + f"KARTU,A2,{DAY.replace(year=9999)},OFF,agent\n", "9999"),
    ],
)
def test_a_roster_that_breaks_a_rule_is_not_published(judge, deliver, query, rule, break_it, names):
    deliver(
        "shift",
        "more.csv",
        "shift_code,shift_name,kind\nNIHIL,Tanpa jam,work\n",
        DAY_BEFORE - timedelta(hours=1),
    )
    found = judge(break_it(roster()))
    broken = [finding for finding in found if finding["rule"] == rule]
    assert broken, f"{rule} was not found in {found}"
    assert any(names in finding["message"] for finding in broken)
    assert verdicts(query) == {"roster.csv": "invalid"}
    assert published(query) == []


def test_the_answer_names_row_and_reason(judge, query):
    judge(roster().replace("A2,2026-11-23,P", "A2,2026-11-23,X9"))
    mail = query("select subject, body_text, body_html from ops.outbox limit 1")[0]
    assert mail["subject"].endswith("TIDAK SAH")
    assert "Baris 3 | known_shift | kode shift X9 tidak ada di data shift" in mail["body_text"]
    assert "kode shift X9" in mail["body_html"]


def test_two_shifts_of_one_agent_may_not_overlap(judge, deliver):
    rows = roster(days=2).replace(f"A2,{DAY},P", f"A2,{DAY},M")
    rows = rows.replace(f"A2,{DAY + timedelta(days=1)},P", f"A2,{DAY + timedelta(days=1)},F")
    deliver(
        "shift",
        "early.csv",
        "shift_code,shift_name,start_time,end_time,break_min,kind\nF,Fajar,05:00,14:00,60,work\n",
        DAY_BEFORE - timedelta(hours=1),
    )
    assert "no_overlap" in {finding["rule"] for finding in judge(rows)}


def deliver_early_shift(deliver):
    deliver(
        "shift",
        "early.csv",
        "shift_code,shift_name,start_time,end_time,break_min,kind\nF,Fajar,05:00,14:00,60,work\n",
        DAY_BEFORE - timedelta(hours=2),
    )


def night(agent: str) -> str:
    """The roster of one day on which an agent works until 07:00 of the next."""
    return (
        roster()
        .replace("KARTU,L1", f"KARTU,{agent},{DAY},M,pic\nKARTU,L1")
        .replace(f"KARTU,{agent},{DAY},P,agent\n", "")
        + f"KARTU,N1,{DAY},M,rtfm\n"
    )


@pytest.fixture
def night_leader(deliver):
    """A second team leader, for the night."""
    deliver(
        "agent",
        "night.csv",
        "agent_id,agent_name,role,team_code,active_from\nN1,Nina,team_leader,T1,2026-01-01\n",
        DAY_BEFORE - timedelta(hours=2),
    )


def test_a_shift_of_the_code_may_end_after_midnight(judge, night_leader):
    assert judge(night("A2")) == []


def test_the_first_morning_belongs_to_a_night_shift_that_nobody_published(
    judge, deliver, night_leader
):
    """Where there are night shifts; a roster of days alone leaves the morning bare."""
    needs = f"service_code,interval_start,required_agents\nKARTU,{DAY} 00:00,1\n"
    deliver("staffing_requirement", "needs.csv", needs, DAY_BEFORE - timedelta(hours=1))
    assert judge(night("A2"), name="nights.csv") == []
    (found,) = judge(roster(), DAY_BEFORE + timedelta(minutes=1), "days.csv")
    assert (found["rule"], found["roster_date"]) == ("coverage", DAY)


def test_a_shift_may_not_overlap_what_is_published_on_the_day_before(
    judge, deliver, query, night_leader
):
    deliver_early_shift(deliver)
    assert judge(night("A2"), name="first.csv") == []
    later = DAY_BEFORE + timedelta(hours=1)
    early = roster(first=NEXT_DAY).replace(",P,", ",F,")
    (found,) = judge(early, later, "second.csv")
    assert (found["rule"], found["agent_id"], found["row_number"]) == ("no_overlap", "A2", 3)
    assert f"M {DAY}" in found["message"]
    assert [row["roster_date"] for row in published(query)] == [DAY]


def test_a_shift_may_not_overlap_what_is_published_on_the_day_after(judge, deliver, night_leader):
    deliver_early_shift(deliver)
    assert judge(roster(first=NEXT_DAY).replace(",P,", ",F,"), name="first.csv") == []
    (found,) = judge(night("A2"), DAY_BEFORE + timedelta(hours=1), "second.csv")
    assert (found["rule"], found["agent_id"]) == ("no_overlap", "A2")


def test_a_shift_may_overlap_what_its_own_roster_replaces(judge, deliver, night_leader):
    deliver_early_shift(deliver)
    rested = roster(first=NEXT_DAY)[len(ROSTER_HEADER) :].replace(
        f"A2,{NEXT_DAY},P", f"A2,{NEXT_DAY},OFF"
    )
    assert judge(night("A2") + rested, name="first.csv") == []
    both = (roster() + roster(first=NEXT_DAY)[len(ROSTER_HEADER) :]).replace(",P,", ",F,")
    assert judge(both, DAY_BEFORE + timedelta(hours=1), "second.csv") == []


def test_a_late_roster_is_held_against_the_dates_that_a_later_one_keeps(
    judge, deliver, night_leader
):
    """It replaces nothing there; only its other dates can meet what is published."""
    deliver_early_shift(deliver)
    assert judge(roster(first=NEXT_DAY).replace(",P,", ",F,"), name="second.csv") == []
    both = night("A2") + roster(first=NEXT_DAY)[len(ROSTER_HEADER) :]
    (found,) = judge(both, DAY_BEFORE - timedelta(hours=1), "first.csv")
    assert (found["rule"], found["roster_date"]) == ("no_overlap", DAY)


def test_most_rows_say_for_which_service_a_roster_is(judge, deliver):
    deliver(
        "service",
        "other.csv",
        "service_code,service_name,client_name,timezone\nANGSURAN,Angsuran,Bank,Asia/Jakarta\n",
        DAY_BEFORE - timedelta(hours=2),
    )
    found = judge(roster(days=2) + f"ANGSURAN,A2,{DAY},OFF,agent\n")
    assert [f["row_number"] for f in found if f["rule"] == "one_service"] == [8]


def test_all_failing_rows_are_kept(judge, query):
    days = 300
    found = judge(roster(days).replace(",P,agent", ",X9,agent"))
    assert sum(finding["rule"] == "known_shift" for finding in found) == days


def test_a_check_that_cannot_run_says_nothing_of_the_roster(judge, query, monkeypatch):
    rules = gate.suite("roster")
    broken = rules.Rule("broken", "error", {"id": "%", "en": "%"}, "select nowhere from entries")
    monkeypatch.setattr(rules, "RULES", (*rules.RULES, broken))
    (finding,) = judge(roster())
    assert finding["rule"] == "check_broken"
    assert finding["message"].startswith("broken: ")
    assert finding["message"].endswith('column "nowhere" does not exist')
    assert verdicts(query) == {"roster.csv": "check_broken"}
    assert published(query) == []


def test_the_version_that_was_delivered_last_holds_also_when_judged_first(system, judge, query):
    judge(roster(), at=DAY_BEFORE, name="second.csv")
    judge(roster(days=2), at=DAY_BEFORE - timedelta(hours=1), name="first.csv")
    holds = query(
        """
        select day.roster_date, ledger.file_name from ops.roster_day as day
        inner join ops.file_ledger as ledger using (file_id) order by day.roster_date
        """
    )
    assert [row["file_name"] for row in holds] == ["second.csv", "first.csv"]


def test_a_roster_after_the_cut_off_is_published_and_not_on_time(judge, query):
    late = MORNING - timedelta(hours=14)
    assert judge(roster(), at=late) == []
    assert len(published(query)) == 1
    assert REFERENCE["service"].count("roster_cutoff") == 0
