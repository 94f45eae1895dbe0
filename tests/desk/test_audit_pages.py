"""The audit at the desk: every row reaches the page of each service that it is about, in pages."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from sqlalchemy import text

from rtm import audit
from rtm.desk import audit_page
from rtm.warehouse import Role
from rtm.warehouse.migrations import versions

RECORDS = {
    "recovery_plan": (
        "with missed as (insert into ops.breach (service_code, channel, kpi, started_at,"
        " detected_at, comparator, target, observed, numerator, denominator, severity) values"
        " ('KARTU', 'voice', 'scr', :at, :at, '>=', 95, 50, 5, 10, 'warning') returning breach_id)"
        " insert into ops.recovery_plan (breach_id, facts, created_at, status_since)"
        " select breach_id, '{}', :at, :at from missed returning plan_id"
    ),
    "coaching": (
        "insert into ops.coaching (service_code, agent_id, status_since, proposed_step,"
        " proposed_step_no, proposed_at) values ('KARTU', 'A1', :at, 'reminder', 1, :at)"
        " returning coaching_id"
    ),
    "rotg_round": (
        "insert into ops.rotg_round (service_code, roster_date, shift_code, team_code, items,"
        " checked_by, checked_at) values ('KARTU', '2026-11-18', 'P', 'T1', '{two_stations}', 'L1',"
        " :at) returning round_id"
    ),
    "exception_request": (
        "insert into ops.exception_request (agent_id, start_at, end_at, reason_code, reason,"
        " requested_by, requested_at) values ('A1', :at, cast(:at as timestamptz) + interval '1 h',"
        " 'health', 'Demam', 'L1', :at) returning request_id"
    ),
    "roster_upload": (
        "insert into ops.roster_upload (file_name, original_name, content_sha256, size_bytes,"
        " service_codes, uploaded_by, uploaded_at) values ('r.csv', 'r.csv', 'x', 1,"
        " '{KARTU,LAIN}', 'L1', :at) returning upload_id"
    ),
}
"""One of each that the audit tells of; the last is about two services."""
SERVICES = {subject: ["KARTU"] for subject in RECORDS} | {"roster_upload": ["KARTU", "LAIN"]}
ACTIONS = {
    "recovery_plan": "draft",
    "coaching": "propose",
    "rotg_round": "check",
    "exception_request": "request",
    "roster_upload": "upload",
}


@pytest.fixture
def recorded(small) -> dict[str, int]:
    """The number of the record by subject, each with one row of the audit; and a plan that was
    removed long ago."""
    numbers = {}
    with small.system.warehouse.transaction(Role.APP) as connection:
        for subject, statement in RECORDS.items():
            numbers[subject] = connection.execute(text(statement), {"at": small.now}).scalar_one()
            audit.record(
                *(connection, small.now, "L1", subject, numbers[subject], ACTIONS[subject]),
                SERVICES[subject],
            )
        gone = connection, small.now, "rtm", "recovery_plan", 4711
        audit.record(*gone, "draft", ["KARTU"])
        audit.record(*gone, "remove", ["KARTU"], {"service_code": "KARTU"})
    return numbers


def rows_of(reader, path="/audit") -> list[int]:
    """The numbers of the rows on the page, in its order."""
    return [int(number) for number in re.findall(r'scope="row">(\d+)<', reader.get(path).text)]


def test_each_reader_sees_the_rows_of_their_services_once(small, recorded, query):
    numbered = query("select audit_id, subject from ops.audit order by audit_id desc")
    everything = [row["audit_id"] for row in numbered]
    personal = {row["audit_id"] for row in numbered if row["subject"] in ("coaching", "rotg_round")}
    uploads = [row["audit_id"] for row in numbered if row["subject"] == "roster_upload"]
    assert rows_of(small.reader("K1")) == everything
    assert rows_of(small.reader("L9")) == uploads
    assert rows_of(small.reader("admin")) == [n for n in everything if n not in personal]
    assert small.reader("W1").get("/audit").status_code == 403


def test_pages_follow_each_other_without_a_gap(small, recorded, monkeypatch):
    everything = rows_of(small.reader("K1"))
    monkeypatch.setattr(audit_page, "PAGE_SIZE", 2)
    page, seen = "/audit", []
    while page:
        seen += rows_of(small.reader("K1"), page)
        older = re.search(
            r'class="pages"><a href="[^"]*(/audit\?before=\d+)"',
            (small.reader("K1").get(page).text),
        )
        page = older and older[1]
    assert seen == everything
    assert len(seen) == len(RECORDS) + 2


def test_rows_from_before_services_were_kept_are_found(small, recorded, query):
    kept = "select service_code, subject, audit_id from ops.audit_service order by 1, 2, 3"
    before = query(kept)
    assert len(before) == len(RECORDS) + 1 + 2
    migration = import_module(f"{versions.__name__}.0017_the_services_of_an_audit_row")
    with small.system.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("delete from ops.audit_service")
        for statement in (migration.KNOWN, migration.KNOWN_BY_AGENT):
            connection.exec_driver_sql(statement)
    assert query(kept) == before


def test_the_pipeline_cannot_take_a_row_away_from_a_service(small, recorded):
    for statement in ("delete from ops.audit_service", "update ops.audit_service set audit_id = 1"):
        with (
            pytest.raises(Exception, match="permission denied"),
            small.system.warehouse.transaction(Role.APP) as connection,
        ):
            connection.exec_driver_sql(statement)
