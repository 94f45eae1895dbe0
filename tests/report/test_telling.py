"""When a report is due, who gets it, and that nobody gets it twice."""

from __future__ import annotations

import dataclasses

import pytest

from rtm.cycle import run_step
from rtm.report import ReportError, send_report
from rtm.report.telling import due_month
from tests.report.conftest import CALLS, at, call, made

MAILS = (
    "select recipient, subject, body_text, attachments, state from ops.outbox"
    " where kind = 'month_report' order by mail_id"
)
HOLIDAYS = (
    "date,holiday_name,service_code\n"
    "2026-12-01,Libur,\n2026-12-02,Libur Kartu,KARTU\n2026-12-03,Libur,\n"
)


def report_month(system, moment):
    return run_step(system, "report_month", at(moment))


def test_it_goes_out_on_the_first_working_day_and_once(run, deliver, query):
    deliver("holiday", "holiday.csv", HOLIDAYS, at("2026-11-01T08:00:00+07:00"))
    # December has begun in the east, not in the west
    assert due_month(run("2026-11-30T23:30:00+07:00").warehouse) is None
    system = run("2026-12-01T08:00:00+07:00")
    assert report_month(system, "2026-12-01T08:00:00+07:00") == {"month": None, "mails": 0}
    # The holiday of one service is a working day
    system = run("2026-12-02T08:00:00+07:00")
    did = report_month(system, "2026-12-02T08:00:00+07:00")
    assert did == {"month": "2026-11", "mails": 1}
    assert report_month(system, "2026-12-02T09:00:00+07:00") == {"month": None, "mails": 0}
    (mail,) = query(MAILS)
    assert mail["recipient"] == "koko@bank.example"
    assert "November 2026" in mail["subject"]
    assert "SCR" in mail["body_text"]
    files = query(
        "select * from ops.attachment where attachment_id = any(:a)", a=mail["attachments"]
    )
    assert [file["file_name"] for file in files] == [
        f"rtm-report-2026-11-id.{form}" for form in ("html", "pdf", "xlsx")
    ]
    (kept,) = query("select * from ops.report")
    assert kept["mailed_at"] == at("2026-12-02T08:00:00+07:00")
    assert kept["made_by"] == "report_month"
    run_step(system, "send_mail", at("2026-12-02T09:00:00+07:00"))
    assert [mail["state"] for mail in query(MAILS)] == ["sent"]


def test_a_machine_that_was_off_makes_up_for_it(run):
    run("2026-11-28T08:00:00+07:00")
    system = run("2026-12-17T08:00:00+07:00")
    assert report_month(system, "2026-12-17T08:00:00+07:00")["month"] == "2026-11"


def test_of_a_month_before_the_first_cycle_nothing_is_sent(run):
    assert due_month(run("2026-12-17T08:00:00+07:00").warehouse) is None


def test_what_was_corrected_is_sent_again_and_to_nobody_twice(run, deliver, query):
    system = run("2026-12-01T08:00:00+07:00")
    now = at("2026-12-01T09:00:00+07:00")
    report = made(system.warehouse)
    assert send_report(system.warehouse, system.settings, report, now) == 1
    assert send_report(system.warehouse, system.settings, report, now) == 0
    assert len(query("select from ops.attachment")) == len(report.files)
    deliver(
        *("call", "late.csv", CALLS + call("z1", "KARTU", at("2026-11-20T11:00:00+07:00"))), now
    )
    corrected = made(run("2026-12-01T09:00:00+07:00").warehouse)
    assert send_report(system.warehouse, system.settings, corrected, now) == 1
    assert len(query(MAILS)) == 2


def test_a_running_month_is_not_mailed_nor_one_that_nobody_would_get(run, deliver):
    system = run("2026-11-30T12:00:00+07:00")
    now = at("2026-11-30T12:00:00+07:00")
    with pytest.raises(ReportError, match="still running"):
        send_report(system.warehouse, system.settings, made(system.warehouse), now)
    gone = (
        "agent_id,agent_name,email,role,team_code,active_from,active_to\n"
        "K1,Koko,koko@bank.example,coordinator,T1,2026-01-01,2026-11-30\n"
    )
    deliver("agent", "gone.csv", gone, now)
    system = run("2026-12-01T12:00:00+07:00")
    report = made(system.warehouse)
    with pytest.raises(ReportError, match="no coordinator"):
        send_report(system.warehouse, system.settings, report, now)
    told = dataclasses.replace(system.settings, operators=("ops@bank.example",))
    assert send_report(system.warehouse, told, report, now) == 1
