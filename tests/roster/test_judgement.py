"""When a roster is judged, again or at all, and who is told what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.cycle import gate_rosters
from rtm.roster import gate
from tests.small_centre import DAY, REFERENCE, ROSTER_HEADER, roster

from .conftest import DAY_BEFORE, MAKERS, OPERATOR, findings, mails, published, verdicts

LATER = DAY_BEFORE + timedelta(hours=1)
AFTERWARDS = DAY_BEFORE + timedelta(days=30)
SHIFT_HEADER = "shift_code,shift_name,start_time,end_time,break_min,kind\n"
X9 = f"{SHIFT_HEADER}X9,Baru,08:00,17:00,60,work\n"
AGENT_HEADER = "agent_id,agent_name,email,role,team_code,active_from\n"
NEW_AGENT = f"{AGENT_HEADER}A9,Cici,cici@bank.example,agent,T1,2026-01-01\n"
NEW_SERVICE = "service_code,service_name,client_name,timezone\nBARU,Baru,Bank,Asia/Jakarta\n"


def with_unknown_shift(days=1):
    return roster(days).replace("A2,2026-11-23,P", "A2,2026-11-23,X9")


def rules(found):
    return {finding["rule"] for finding in found}


# A verdict for every file


def test_a_file_that_cannot_be_read_gets_a_verdict_and_the_operators_hear_of_it(judge, query):
    (found,) = judge(roster().replace("shift_code", "kode"))
    assert (found["rule"], found["severity"]) == ("structure", "error")
    (mail,) = mails(query)
    assert mail["recipient"] == OPERATOR
    assert mail["subject"] == "[RTM] Roster roster.csv: TIDAK SAH"
    assert "missing columns: shift_code" in mail["body_text"]
    assert "None" not in mail["body_text"]


def test_a_file_that_cannot_be_read_is_judged_once(judge, change, query):
    judge(roster().replace("shift_code", "kode"))
    assert change("shift", X9, LATER) == 0
    assert len(mails(query)) == 1


def test_rows_that_cannot_be_read_are_named_to_the_makers(judge, query):
    found = judge(roster().replace("2026-11-23", "23/11/2026"))
    assert [(f["rule"], f["row_number"], f["agent_id"]) for f in found] == [
        ("readable", 2, "A1"),
        ("readable", 3, "A2"),
        ("readable", 4, "L1"),
    ]
    assert "23/11/2026" in found[0]["message"]
    assert [mail["recipient"] for mail in mails(query)] == MAKERS
    assert mails(query)[0]["subject"] == "[RTM] Roster KARTU 2026-11-23 – 2026-11-23: TIDAK SAH"


def test_workforce_management_of_all_services_gets_the_verdict_too(judge, deliver, query):
    agents = REFERENCE["agent"] + "W2,Widi,widi@bank.example,wfm,,2026-01-01\n"
    deliver("agent", "central.csv", agents, DAY_BEFORE - timedelta(hours=1))
    judge(with_unknown_shift())
    assert [mail["recipient"] for mail in mails(query)] == [*MAKERS, "widi@bank.example"]


def test_a_roster_without_a_readable_date_goes_by_the_name_of_its_file(judge, query):
    judge(roster().replace("2026-11-23", "Senin"))
    assert [mail["recipient"] for mail in mails(query)] == MAKERS
    assert mails(query)[0]["subject"] == "[RTM] Roster KARTU roster.csv: TIDAK SAH"


def test_a_row_of_an_unknown_service_is_answered_at_once(judge, query):
    found = judge(roster().replace("KARTU,A2", "KRATU,A2"))
    (row,) = [finding for finding in found if finding["rule"] == "known_service"]
    assert (row["row_number"], row["agent_id"]) == (3, "A2")
    assert "KRATU" in row["message"]
    assert [mail["recipient"] for mail in mails(query)] == MAKERS


def test_a_roster_of_an_unknown_service_waits_for_it_with_a_verdict(judge, change, query):
    assert rules(judge(roster().replace("KARTU", "BARU"))) == {"known_service"}
    (mail,) = mails(query)
    assert mail["recipient"] == OPERATOR
    assert mail["subject"] == "[RTM] Roster BARU 2026-11-23 – 2026-11-23: TIDAK SAH"
    assert change("service", NEW_SERVICE, LATER) == 1
    assert verdicts(query) == {"roster.csv": "valid"}
    assert len(published(query)) == 1
    assert query("select service_code, version from ops.roster_version") == [
        {"service_code": "BARU", "version": 1}
    ]


# Judged again


def test_a_failed_roster_is_judged_again_when_the_reference_changes(system, judge, change, query):
    assert judge(with_unknown_shift())
    gate_rosters(system, LATER)
    assert verdicts(query) == {"roster.csv": "invalid"}
    assert change("shift", X9, LATER) == 1
    assert verdicts(query) == {"roster.csv": "valid"}
    assert len(published(query)) == 1
    assert [mail["subject"].split()[-1] for mail in mails(query)] == ["SAH"] * 4


@pytest.mark.parametrize(
    ("feed", "content"),
    [
        ("shift", f"{SHIFT_HEADER}Z,Lain,08:00,17:00,60,work\n"),
        ("agent", f"{AGENT_HEADER}B1,Beni,beni@bank.example,agent,T2,2026-01-01\n"),
        ("agent", f"{AGENT_HEADER}A1,Ani,baru@bank.example,agent,T1,2026-01-01\n"),
        ("team", "team_code,team_name,service_code,team_leader_id,coordinator_id\n"
                 "T1,Tim Nama Baru,KARTU,L1,K1\n"),
        ("service", NEW_SERVICE),
    ],
)  # fmt: skip
def test_a_change_that_no_rule_sees_is_no_reason_to_judge_again(
    judge, change, query, feed, content
):
    judge(with_unknown_shift())
    told = mails(query)
    assert change(feed, content, LATER) == 0
    assert mails(query) == told


def test_makers_hear_again_only_of_what_is_new(judge, change, query):
    judge(with_unknown_shift())
    assert len(mails(query)) == len(MAKERS)
    # The rules see the new times of a shift that the roster names; they find what they found.
    assert change("shift", f"{SHIFT_HEADER}P,Pagi,08:30,17:30,60,work\n", LATER) == 1
    told = [mail["recipient"] for mail in mails(query)]
    assert rules(findings(query)) == {"known_shift"}
    assert told == MAKERS
    # Somebody new belongs on the roster, and leaves again: the first mail would be out of date.
    assert change("agent", NEW_AGENT, LATER + timedelta(hours=1)) == 1
    assert rules(findings(query)) == {"known_shift", "complete"}
    assert len(mails(query)) == 2 * len(MAKERS)
    moved = NEW_AGENT.replace("T1", "T2")
    assert change("agent", moved, LATER + timedelta(hours=2)) == 1
    assert rules(findings(query)) == {"known_shift"}
    assert len(mails(query)) == 3 * len(MAKERS)


def test_a_roster_that_later_versions_have_replaced_is_judged_no_more(judge, change, query):
    judge(with_unknown_shift(days=2), name="bad.csv")
    assert judge(roster(), LATER, "first_day.csv") == []
    second_day = DAY + timedelta(days=1)
    assert judge(roster(first=second_day), LATER, "second_day.csv") == []
    told = mails(query)
    assert change("shift", X9, LATER + timedelta(hours=1)) == 0
    assert verdicts(query)["bad.csv"] == "invalid"
    assert mails(query) == told


def test_a_roster_that_was_replaced_in_part_takes_its_place_in_the_order(judge, change, query):
    judge(with_unknown_shift(days=2), name="bad.csv")
    judge(roster(), LATER, "first_day.csv")
    assert change("shift", X9, LATER + timedelta(hours=1)) == 1
    holds = query(
        """
        select ledger.file_name from ops.roster_day as day
        inner join ops.file_ledger as ledger using (file_id) order by day.roster_date
        """
    )
    assert [row["file_name"] for row in holds] == ["first_day.csv", "bad.csv"]


def test_a_roster_can_still_become_valid_when_its_period_is_over(judge, change, query):
    judge(with_unknown_shift())
    assert change("shift", X9, AFTERWARDS) == 1
    assert len(published(query)) == 1
    assert len(mails(query)) == 2 * len(MAKERS)


def test_nobody_is_told_what_else_is_wrong_with_a_period_that_is_over(judge, change, query):
    judge(with_unknown_shift())
    assert change("agent", NEW_AGENT, AFTERWARDS) == 1
    assert rules(findings(query)) == {"known_shift", "complete"}
    assert len(mails(query)) == len(MAKERS)


def test_a_roster_is_judged_again_when_the_shift_it_met_is_replaced(judge, change, query):
    """In the same run: the neighbour's new version is the last thing that happens."""
    change(
        "agent",
        f"{AGENT_HEADER}N1,Nina,,team_leader,T1,2026-01-01\n",
        DAY_BEFORE - timedelta(hours=2),
    )
    change("shift", f"{SHIFT_HEADER}F,Fajar,05:00,14:00,60,work\n", DAY_BEFORE - timedelta(hours=1))
    night = roster().replace(f"A2,{DAY},P,agent", f"A2,{DAY},M,pic")
    assert judge(f"{night}KARTU,N1,{DAY},M,rtfm\n", name="night.csv") == []
    tomorrow = DAY + timedelta(days=1)
    early = roster(first=tomorrow).replace(",P,", ",F,")
    assert rules(judge(early, LATER, "early.csv")) == {"no_overlap"}
    assert judge(roster(), LATER + timedelta(hours=1), "no_night.csv") == []
    assert set(verdicts(query).values()) == {"valid"}
    assert [row["roster_date"] for row in published(query)] == [DAY, tomorrow]


def test_a_check_that_failed_is_tried_again_and_the_operators_know(
    system, judge, query, monkeypatch
):
    sound = gate.suite("roster").RULES
    broken = gate.suite("roster").Rule("broken", "error", {"id": "%", "en": "%"}, "select nowhere")
    monkeypatch.setattr(gate.suite("roster"), "RULES", (*sound, broken))
    judge(roster())
    gate_rosters(system, LATER)
    assert [mail["recipient"] for mail in mails(query)] == [MAKERS[0], OPERATOR, MAKERS[1]]
    monkeypatch.setattr(gate.suite("roster"), "RULES", sound)
    gate_rosters(system, LATER + timedelta(hours=1))
    assert verdicts(query) == {"roster.csv": "valid"}


def test_the_gate_is_idle_when_nothing_has_happened(system, judge, query):
    assert REFERENCE["shift"].count("X9") == 0
    judge(with_unknown_shift(), name="bad.csv")
    judge(ROSTER_HEADER, name="empty.csv")
    judge("", name="nothing.csv")
    before = (mails(query), query("select * from ops.roster_version order by 1"))
    assert gate_rosters(system, LATER) == {"judged": 0, "valid": 0}
    assert (mails(query), query("select * from ops.roster_version order by 1")) == before
