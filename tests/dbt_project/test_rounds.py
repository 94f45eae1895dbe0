"""What rounds of the floor found: violations by the checklist of the site, counted for coaching and
taken back with a round that is voided; and which floors were checked in time.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import build_marts, run_cycle
from rtm.floor.rounds import Round, TeamShift, record_round, void_round
from rtm.warehouse import Role
from tests.small_centre import DAY, MORNING, deliver_reference, roster

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EVENTS = "event_id,occurred_at,agent_id,event,state,source\n"
CHECKLIST = "item_code,item_name,item_name_indonesian,item_no,severity,is_active\n"
COACHING = (
    "service_code,matter,occurrences,within_days,first_step\n"
    "KARTU,rotg:floor:phone_on_desk,1,30,reminder\n"
)
OF = TeamShift("KARTU", DAY, "P", "T1")
END = MORNING + 9 * HOUR
SHOWN = ("agent_id", "rule_code", "roster_date", "shift_code", "started_at")


class Floor:
    """The small centre, with everybody there; time passes only here."""

    def __init__(self, system, deliver):
        self.system = system
        self.deliver = deliver
        self.count = 0

    def cycle(self, at):
        """With news of somebody's state: no matter is opened while nobody tells of the agents."""
        self.count += 1
        row = f"E{self.count},{at.isoformat()},L1,state,ready,pbx\n"
        self.deliver("agent_event", f"news-{self.count}.csv", EVENTS + row, at)
        run_cycle(self.system, at)

    def check(self, at, *found, of=OF, seen=0):
        items = frozenset({"phone_on_desk", "desk_untidy", *(item for _, item in found)})
        made = Round(of, items, frozenset(found), nothing_found=not found)
        with self.system.warehouse.transaction(Role.APP) as connection:
            on_duty = {"A1", "A2"}
            return record_round(connection, made, on_duty, items, seen, "K1", at)

    def void(self, round_id, at):
        with self.system.warehouse.transaction(Role.APP) as connection:
            void_round(connection, round_id, "K1", at, "Salah lihat")


@pytest.fixture
def floor(system, deliver):
    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster(2), MORNING - timedelta(days=1))
    logins = "".join(
        f"IN-{agent},{(MORNING - 5 * MINUTE).isoformat()},{agent},login,ready,pbx\n"
        for agent in ("A1", "A2", "L1")
    )
    deliver("agent_event", "logins.csv", EVENTS + logins, MORNING - 5 * MINUTE)
    return Floor(system, deliver)


@pytest.fixture
def violations(query):
    def read():
        rows = query(
            "select * from marts.fct_rotg_violation where rule_code like 'floor:%'"
            " order by agent_id, rule_code, started_at"
        )
        return [tuple(row[name] for name in SHOWN) for row in rows]

    return read


@pytest.fixture
def matters(query):
    def read():
        rows = query(
            "select agent_id, subject, observed, cleared_because from ops.agent_breach"
            " where subject like 'floor:%' order by breach_id"
        )
        return [tuple(row.values()) for row in rows]

    return read


def test_a_finding_is_a_violation_that_names_its_round_and_counts_for_coaching(
    floor, deliver, violations, matters, query
):
    deliver("coaching_rule", "rules.csv", COACHING, MORNING)
    at = MORNING + HOUR
    floor.cycle(at)
    round_id = floor.check(at + MINUTE, ("A1", "phone_on_desk"), ("A2", "desk_untidy"))
    # Not before the clock has come so far
    assert violations() == []
    floor.cycle(at + MINUTE)
    assert violations() == [
        ("A1", "floor:phone_on_desk", DAY, "P", at + MINUTE),
        ("A2", "floor:desk_untidy", DAY, "P", at + MINUTE),
    ]
    (row,) = query("select * from marts.fct_rotg_violation where agent_id = 'A1'")
    assert row["evidence"] == {
        "round_id": round_id,
        "item_code": "phone_on_desk",
        "checked_by": "K1",
    }
    assert (row["measured"], row["comparator"], row["threshold"]) == (1, ">", 0)
    assert (row["unit"], row["severity"], row["rule_version"]) == ("findings", "warning", "floor/1")
    assert row["rule_name"] == "Personal phone on the desk"
    assert row["rule_name_indonesian"] == "Ponsel pribadi di meja kerja"
    assert not row["is_provisional"]
    floor.cycle(at + 2 * MINUTE)
    assert matters() == [
        ("A1", "floor:phone_on_desk", 1, "over"),
        ("A2", "floor:desk_untidy", 1, "over"),
    ]
    (proposed,) = query("select * from marts.fct_coaching")
    assert (proposed["agent_id"], proposed["proposed_step"]) == ("A1", "reminder")
    (evidence,) = query("select * from marts.fct_coaching_evidence")
    assert (evidence["subject"], evidence["unit"]) == ("floor:phone_on_desk", "findings")
    assert evidence["rule_name_indonesian"] == "Ponsel pribadi di meja kerja"


def test_a_voided_round_takes_its_findings_back_and_the_proposal_too(
    floor, deliver, violations, matters, query
):
    deliver("coaching_rule", "rules.csv", COACHING, MORNING)
    at = MORNING + HOUR
    floor.cycle(at)
    wrong = floor.check(at, ("A1", "phone_on_desk"))
    right = floor.check(at + MINUTE, ("A2", "phone_on_desk"), seen=wrong)
    floor.cycle(at + 2 * MINUTE)
    assert [(agent, rule) for agent, rule, *_ in violations()] == [
        ("A1", "floor:phone_on_desk"),
        ("A2", "floor:phone_on_desk"),
    ]
    floor.void(wrong, at + 3 * MINUTE)
    assert len(violations()) == 2
    floor.cycle(at + 3 * MINUTE)
    assert [agent for agent, *_ in violations()] == ["A2"]
    # Known matters are looked at again once in ten minutes
    floor.cycle(at + 20 * MINUTE)
    assert matters() == [
        ("A1", "floor:phone_on_desk", 1, "data_corrected"),
        ("A2", "floor:phone_on_desk", 1, "over"),
    ]
    proposed = query("select agent_id, status from marts.fct_coaching order by 1")
    assert [tuple(row.values()) for row in proposed] == [("A1", "withdrawn"), ("A2", "proposed")]
    before = query("select * from marts.fct_rotg_violation")
    with floor.system.warehouse.engine().begin() as connection:
        connection.execute(text("update ops.clock set needs_rebuild = true"))
    build_marts(floor.system, at + 20 * MINUTE)
    assert query("select * from marts.fct_rotg_violation") == before
    assert before[0]["evidence"]["round_id"] == right


def test_what_was_found_keeps_its_date_and_shift_whatever_comes_later(
    floor, deliver, violations, matters
):
    """Recorded in the night after, when another date has begun, and under another roster."""
    after = END + 8 * HOUR
    floor.cycle(END)
    floor.check(after, ("A1", "phone_on_desk"))
    floor.cycle(after)
    told = [("A1", "floor:phone_on_desk", DAY, "P", after)]
    assert violations() == told
    floor.cycle(after + MINUTE)
    assert matters() == [("A1", "floor:phone_on_desk", 1, "over")]
    later = roster(2).replace(f"A1,{DAY},P,pic", f"A1,{DAY},OFF,")
    later = later.replace(f"A2,{DAY},P,agent", f"A2,{DAY},P,pic")
    deliver("roster", "later.csv", later, after + 2 * MINUTE)
    floor.cycle(after + 3 * MINUTE)
    floor.cycle(after + 20 * MINUTE)
    assert violations() == told
    assert matters() == [("A1", "floor:phone_on_desk", 1, "over")]


def test_the_checklist_is_the_sites_own_where_it_states_one(floor, deliver, violations, query):
    def items():
        rows = query("select * from marts.rpt_rotg_item order by item_no nulls last, item_code")
        return {row["item_code"]: row for row in rows}

    assert len(items()) == 8
    assert all(item["is_active"] and item["item_name_indonesian"] for item in items().values())
    assert next(iter(items())) == "screen_unlocked"
    at = MORNING + HOUR
    floor.check(at, ("A1", "phone_on_desk"), ("A2", "two_stations"))
    rows = (
        "Phone_On_Desk,Telephone in sight,,2,Critical,tidak\ntwo_stations,Two chairs,Dua kursi,,,\n"
    )
    deliver("rotg_checklist", "checklist.csv", CHECKLIST + rows, at)
    deliver("rotg_checklist", "wrong.csv", CHECKLIST + ",No code,,,,\n", at)
    floor.cycle(at)
    stated = items()
    assert len(stated) == 9
    assert list(stated)[-1] == "two_stations"
    phone = stated["phone_on_desk"]
    assert (phone["is_active"], phone["severity"], phone["item_no"]) == (False, "critical", 2)
    assert phone["item_name"] == phone["item_name_indonesian"] == "Telephone in sight"
    assert stated["two_stations"]["severity"] == "warning"
    # What was found stays, under the name that the site gives it; an item that is called like a
    # rule that data tell is none of it
    named = query(
        "select rule_code, rule_name, unit from marts.fct_rotg_violation"
        " where agent_id in ('A1', 'A2') order by 1"
    )
    assert [tuple(row.values()) for row in named] == [
        ("floor:phone_on_desk", "Telephone in sight", "findings"),
        ("floor:two_stations", "Two chairs", "findings"),
    ]
    assert query("select from ops.quarantine where feed = 'rotg_checklist'")


def test_a_floor_is_due_while_its_shift_runs_checked_in_its_hours_or_missed(floor, query):
    def statuses():
        rows = query("select * from marts.rpt_rotg_shift order by roster_date, team_code")
        # L1 is in the RTFM function
        assert [row["agents"] for row in rows] == [2, 2]
        return [(row["status"], row["rounds"]) for row in rows]

    floor.cycle(MORNING - MINUTE)
    assert statuses() == [("not_due", 0), ("not_due", 0)]
    floor.cycle(MORNING)
    assert statuses() == [("due", 0), ("not_due", 0)]
    first = floor.check(MORNING + HOUR)
    floor.cycle(MORNING + HOUR)
    assert statuses()[0] == ("checked", 1)
    floor.void(first, MORNING + 2 * HOUR)
    floor.cycle(MORNING + 2 * HOUR)
    assert statuses()[0] == ("due", 0)
    floor.check(END + MINUTE, seen=first)
    floor.cycle(END + MINUTE)
    assert statuses() == [("missed", 1), ("not_due", 0)]
