"""A round of the floor is kept as it was stated and never rewritten; a mistake is voided."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from rtm import audit
from rtm.audit import ChangedMeanwhileError
from rtm.floor.rounds import (
    RECORDED_FOR,
    Round,
    RoundError,
    TeamShift,
    UnknownRoundError,
    is_open,
    objection,
    record_round,
    void_round,
)
from rtm.warehouse import Role
from tests.small_centre import DAY, MORNING

MINUTE = timedelta(minutes=1)
OF = TeamShift("KARTU", DAY, "P", "T1")
CHECKLIST = frozenset({"phone_on_desk", "screen_unlocked", "desk_untidy"})
ON_DUTY = frozenset({"A1", "A2"})
ALL_WELL = Round(OF, CHECKLIST, nothing_found=True)
PHONE = Round(
    OF,
    CHECKLIST,
    frozenset({("A1", "phone_on_desk"), ("A1", "desk_untidy"), ("A2", "phone_on_desk")}),
    nothing_found=False,
    notes={"A1": "Dua ponsel"},
    note="Sebelum istirahat",
)


@pytest.fixture
def record(warehouse):
    def recorded(made=ALL_WELL, actor="L1", seen=0, at=MORNING):
        with warehouse.transaction(Role.APP) as connection:
            return record_round(connection, made, ON_DUTY, CHECKLIST, seen, actor, at)

    return recorded


@pytest.fixture
def void(warehouse):
    def voided(round_id, actor="L1", reason="Salah tim"):
        with warehouse.transaction(Role.APP) as connection:
            void_round(connection, round_id, actor, MORNING + MINUTE, reason)

    return voided


def test_a_round_is_kept_with_its_findings_and_its_audit(record, warehouse, query):
    round_id = record(PHONE)
    (kept,) = query("select * from ops.rotg_round")
    assert (kept["round_id"], kept["service_code"], kept["team_code"]) == (round_id, "KARTU", "T1")
    assert (kept["roster_date"], kept["shift_code"]) == (DAY, "P")
    assert kept["items"] == ["desk_untidy", "phone_on_desk", "screen_unlocked"]
    assert (kept["checked_by"], kept["checked_at"]) == ("L1", MORNING)
    assert kept["note"] == "Sebelum istirahat"
    found = query("select agent_id, item_code, note from ops.rotg_finding order by 1, 2")
    assert [tuple(row.values()) for row in found] == [
        ("A1", "desk_untidy", "Dua ponsel"),
        ("A1", "phone_on_desk", "Dua ponsel"),
        ("A2", "phone_on_desk", None),
    ]
    (entry,) = query("select * from ops.audit")
    assert (entry["actor"], entry["subject"], entry["action"]) == ("L1", "rotg_round", "check")
    assert entry["content"]["findings"] == found
    with warehouse.transaction(Role.APP) as connection:
        assert audit.first_broken(connection) is None


def test_that_nothing_was_found_is_a_result(record, query):
    record()
    assert query("select count(*) as n from ops.rotg_round") == [{"n": 1}]
    assert query("select from ops.rotg_finding") == []


WRONG = {
    "unknown_item": replace(ALL_WELL, items=CHECKLIST | {"smoking"}),
    "nothing_looked_at": replace(ALL_WELL, items=frozenset()),
    "not_on_duty": replace(PHONE, found=frozenset({("A3", "phone_on_desk")}), notes={}),
    "own_case": replace(PHONE, found=frozenset({("L1", "phone_on_desk")}), notes={}),
    "not_looked_at": replace(PHONE, items=frozenset({"phone_on_desk"})),
    "not_stated": replace(ALL_WELL, nothing_found=None),
    "contradicting": replace(PHONE, nothing_found=True),
    "note_without_finding": replace(
        PHONE, notes={"A2": "Dua", "A1": "x"}, found=frozenset({("A1", "phone_on_desk")})
    ),
}


@pytest.mark.parametrize("reason", WRONG)
def test_what_cannot_be_is_refused_and_nothing_is_kept(record, query, reason):
    with pytest.raises(RoundError, match=reason):
        record(WRONG[reason])
    for table in ("ops.rotg_round", "ops.rotg_finding", "ops.audit"):
        assert query(f"select from {table}") == []


def test_each_other_contradiction_is_seen():
    told = [
        replace(PHONE, found=frozenset(), notes={}),
        replace(PHONE, found=PHONE.found | {("A2", "smoking")}),
        replace(ALL_WELL, notes={"A3": "x"}),
        replace(PHONE, nothing_found=None),
    ]
    reasons = ["contradicting", "unknown_item", "not_on_duty", "not_stated"]
    assert [objection(made, ON_DUTY, CHECKLIST, "L1") for made in told] == reasons
    assert objection(PHONE, ON_DUTY, CHECKLIST, "L1") is None


def test_a_round_that_somebody_did_not_know_of_is_told_first(record, query):
    first = record(actor="K1")
    with pytest.raises(ChangedMeanwhileError) as told:
        record(at=MORNING + MINUTE)
    assert (told.value.by, told.value.at) == ("K1", MORNING)
    second = record(seen=first, at=MORNING + MINUTE)
    # Another team, and the same one in another shift, are other floors
    others = [replace(OF, team_code="T2"), replace(OF, shift_code="M")]
    assert (
        second < record(replace(ALL_WELL, of=others[0])) < record(replace(ALL_WELL, of=others[1]))
    )
    assert len(query("select from ops.rotg_round")) == 4


def test_of_two_who_record_at_once_one_is_told(warehouse, query):
    """Both have read the page before; the second waits for the first and sees what it kept."""
    both_begun = threading.Barrier(2)
    outcomes = []

    def run(actor):
        with warehouse.transaction(Role.APP) as connection:
            both_begun.wait(10)
            try:
                record_round(connection, ALL_WELL, ON_DUTY, CHECKLIST, 0, actor, MORNING)
            except ChangedMeanwhileError as error:
                outcomes.append((actor, error.by))
            else:
                outcomes.append((actor, None))

    threads = [threading.Thread(target=run, args=(actor,)) for actor in ("L1", "K1")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (kept,) = query("select checked_by from ops.rotg_round")
    told = dict(outcomes)
    assert told.pop(kept["checked_by"]) is None
    assert list(told.values()) == [kept["checked_by"]]


REWRITES = (
    "update ops.rotg_round set checked_by = 'K1'",
    "update ops.rotg_finding set note = null",
    "update ops.rotg_void set reason = 'x'",
    "delete from ops.rotg_finding",
    "delete from ops.rotg_void",
    "delete from ops.rotg_round where round_id not in (select round_id from ops.rotg_finding)",
    "truncate ops.rotg_round, ops.rotg_finding, ops.rotg_void",
    "alter table ops.rotg_finding disable trigger all",
)


def test_nobody_rewrites_what_was_recorded(record, void, warehouse, query):
    def kept():
        tables = ("rotg_round", "rotg_finding", "rotg_void")
        return [query(f"select * from ops.{table} order by 1") for table in tables]

    record(PHONE)
    void(record(replace(ALL_WELL, of=replace(OF, team_code="T2"))))
    before = kept()
    assert [len(rows) for rows in before] == [2, 3, 1]
    for statement, role in itertools.product(REWRITES, (Role.APP, Role.TRANSFORMER, Role.LOADER)):
        with pytest.raises(DBAPIError), warehouse.transaction(role) as connection:
            connection.exec_driver_sql(statement)
        assert kept() == before, statement
    # The login itself is stopped by the trigger, which it alone could take away
    for statement in REWRITES[:-1]:
        with (
            pytest.raises(DBAPIError, match="only ever added to"),
            warehouse.engine().begin() as connection,
        ):
            connection.exec_driver_sql(statement)
    with warehouse.engine().connect() as connection:
        for table in ("rotg_void", "rotg_finding"):
            connection.exec_driver_sql(f"alter table ops.{table} disable trigger user")
            assert connection.exec_driver_sql(f"delete from ops.{table}").rowcount > 0
        connection.rollback()
    assert kept() == before


def test_a_round_that_looked_at_nothing_is_refused_by_the_database_itself(warehouse):
    statement = (
        "insert into ops.rotg_round (service_code, roster_date, shift_code, team_code, items,"
        " checked_by, checked_at) values ('KARTU', '2026-11-23', 'P', 'T1', '{}', 'L1', now())"
    )
    with (
        pytest.raises(IntegrityError, match="looked_at_something"),
        warehouse.transaction(Role.APP) as connection,
    ):
        connection.exec_driver_sql(statement)


def test_a_round_is_voided_once_with_a_reason_by_nobody_who_was_found(record, void, query):
    made = replace(PHONE, found=PHONE.found | {("A2", "desk_untidy")})
    round_id = record(made)
    with pytest.raises(RoundError, match="own_case"):
        void(round_id, "A2")
    with pytest.raises(RoundError, match="reason_missing"):
        void(round_id, reason=None)
    with pytest.raises(UnknownRoundError, match="999"):
        void(999)
    assert query("select from ops.rotg_void") == []
    void(round_id, "K1", "Ponsel milik tamu")
    with pytest.raises(RoundError, match="already_voided"):
        void(round_id)
    (kept,) = query("select * from ops.rotg_void")
    assert (kept["round_id"], kept["voided_by"]) == (round_id, "K1")
    assert kept["reason"] == "Ponsel milik tamu"
    told = query("select actor, action, content from ops.audit order by audit_id")
    assert [(row["actor"], row["action"]) for row in told] == [("L1", "check"), ("K1", "void")]
    assert told[1]["content"] == {"note": "Ponsel milik tamu"}
    assert len(query("select from ops.rotg_finding")) == len(made.found)


@pytest.mark.parametrize(
    ("minutes", "is_so"),
    [(-1, False), (0, True), (60, True), (60 + 12 * 60 - 1, True), (60 + 12 * 60, False)],
)
def test_a_round_can_be_recorded_from_the_start_of_the_shift_until_some_hours_after_it(
    minutes, is_so
):
    assert timedelta(hours=12) == RECORDED_FOR
    end = MORNING + 60 * MINUTE
    assert is_open(MORNING, end, MORNING + minutes * MINUTE) is is_so
