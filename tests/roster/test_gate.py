"""The H-1 gate: a good roster is published, and each rule turns a bad one away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.cycle import gate_rosters, land_feeds, run_cycle
from rtm.roster import gate
from tests.small_centre import DAY, MORNING, REFERENCE, ROSTER_HEADER, deliver_reference, roster

DAY_BEFORE = MORNING - timedelta(days=1)


@pytest.fixture
def judge(system, deliver, query):
    """Delivers a roster the day before, runs the gate, gives its findings by rule."""
    deliver_reference(deliver)

    def run(content, at=DAY_BEFORE, name="roster.csv"):
        deliver("roster", name, content, at)
        land_feeds(system, at)
        gate_rosters(system, at)
        return query(
            """
            select finding.* from ops.roster_finding as finding
            inner join ops.roster_version using (version_id)
            inner join ops.file_ledger as ledger using (file_id)
            where ledger.file_name = :name order by finding_id
            """,
            name=name,
        )

    return run


def verdicts(query):
    return [row["verdict"] for row in query("select verdict from ops.roster_version order by 1")]


def published(query):
    return query("select roster_date, version_id from ops.roster_day order by roster_date")


def test_a_good_roster_is_published_and_its_makers_are_told(judge, query):
    assert judge(roster(days=3)) == []
    assert verdicts(query) == ["valid"]
    assert [row["roster_date"] for row in published(query)] == [
        DAY + timedelta(days=n) for n in range(3)
    ]
    mails = query("select recipient, subject from ops.outbox order by recipient")
    assert [mail["recipient"] for mail in mails] == ["lia@bank.example", "wati@bank.example"]
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
    ],
)
def test_a_roster_that_breaks_a_rule_is_not_published(judge, deliver, query, rule, break_it, names):
    deliver(
        "shift",
        "more.csv",
        "shift_code,shift_name,kind\nNIHIL,Tanpa jam,work\n",
        DAY_BEFORE - timedelta(hours=1),
    )
    findings = judge(break_it(roster()))
    broken = [finding for finding in findings if finding["rule"] == rule]
    assert broken, f"{rule} was not found in {findings}"
    assert any(names in finding["message"] for finding in broken)
    assert verdicts(query) == ["invalid"]
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
        "shift_code,shift_name,start_time,end_time,kind\nF,Fajar,05:00,14:00,work\n",
        DAY_BEFORE - timedelta(hours=1),
    )
    assert "no_overlap" in {finding["rule"] for finding in judge(rows)}


def test_all_failing_rows_are_kept(judge, query):
    days = 300
    findings = judge(roster(days).replace(",P,agent", ",X9,agent"))
    assert sum(finding["rule"] == "known_shift" for finding in findings) == days


def test_a_check_that_cannot_run_says_nothing_of_the_roster(judge, query, monkeypatch):
    rules = gate.suite("roster")
    broken = rules.Rule("broken", "error", {"id": "%", "en": "%"}, "select nowhere from entries")
    monkeypatch.setattr(rules, "RULES", (*rules.RULES, broken))
    (finding,) = judge(roster())
    assert finding["rule"] == "check_broken"
    assert "nowhere" in finding["message"]
    assert verdicts(query) == ["check_broken"]
    assert published(query) == []


def test_a_failed_roster_is_judged_again_when_the_reference_changes(system, judge, deliver, query):
    assert judge(roster().replace("A2,2026-11-23,P", "A2,2026-11-23,X9"))
    later = DAY_BEFORE + timedelta(hours=1)
    gate_rosters(system, later)
    assert verdicts(query) == ["invalid"]
    deliver(
        "shift",
        "new.csv",
        "shift_code,shift_name,start_time,end_time,kind\nX9,Baru,08:00,17:00,work\n",
        later,
    )
    land_feeds(system, later)
    gate_rosters(system, later)
    assert verdicts(query) == ["valid"]
    assert len(published(query)) == 1


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


def test_distribution_by_the_cut_off_is_proved_by_the_mail_server(system, deliver, query):
    import dataclasses

    from rtm.cycle import System
    from rtm.notify import ON_PAPER

    deliver_reference(deliver)
    deliver("roster", "r.csv", roster(), DAY_BEFORE)
    waiting = System(system.settings, system.warehouse)
    run_cycle(waiting, DAY_BEFORE)
    (validity,) = query("select * from marts.fct_roster_validity")
    assert (validity["verdict"], validity["distributed_at"], validity["is_on_time"]) == (
        "valid",
        None,
        False,
    )
    settings = dataclasses.replace(system.settings, smtp_url=ON_PAPER)
    run_cycle(System(settings, system.warehouse), DAY_BEFORE + timedelta(minutes=1))
    (validity,) = query("select * from marts.fct_roster_validity")
    assert validity["distributed_at"] == DAY_BEFORE + timedelta(minutes=1)
    assert validity["is_on_time"]


def test_a_roster_after_the_cut_off_is_published_and_not_on_time(judge, query):
    late = MORNING - timedelta(hours=14)
    assert judge(roster(), at=late) == []
    assert len(published(query)) == 1
    assert REFERENCE["service"].count("roster_cutoff") == 0
