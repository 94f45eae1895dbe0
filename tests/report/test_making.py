"""Which figures belong to a month, by zone and target, and what is said where there are none."""

from __future__ import annotations

import hashlib
import io

import pytest
from openpyxl import load_workbook

from rtm.report import Month, ReportError
from rtm.report.contents import Finding
from rtm.report.making import document_of
from rtm.report.periods import Verdict, periods_of
from tests.report.conftest import CALLS, EVIL, at, call, made
from tests.report.reading import content, pdf_text, read_html, read_workbook, without_space


def periods(report):
    return {
        (period.service_code, period.kpi, period.target): period
        for period in periods_of(report.figures.days)
    }


@pytest.fixture
def december(run):
    """The warehouse on the first morning of December, in the west."""
    return run("2026-12-01T08:00:00+07:00").warehouse


def test_a_month_ends_at_midnight_of_each_service(december):
    november = periods(made(december))
    assert november["TIMUR", "scr", None].denominator == 2
    assert november["KARTU", "scr", 95].denominator == 2
    assert november["KARTU", "scr", 70].denominator == 4
    after = periods(made(december, Month.read("2026-12")))
    assert after["TIMUR", "scr", None].denominator == 5
    assert after["KARTU", "scr", 70].denominator == 1


def test_a_month_across_a_change_of_target_has_a_verdict_for_each(december):
    report = made(december)
    found = periods(report)
    before, after = found["KARTU", "scr", 95], found["KARTU", "scr", 70]
    assert (before.value, before.verdict) == (50, Verdict.MISSED)
    assert (after.value, after.verdict) == (75, Verdict.MET)
    assert [(p.first.day, p.last.day) for p in (before, after)] == [(1, 14), (15, 30)]
    assert (before.days_met, before.days_measured) == (0, 1)
    # On the 20th two of three, on the 30th one of one
    assert (after.days_met, after.days_measured) == (1, 2)
    document = document_of(report.figures, report.record, "en")
    (missed,) = [told for told in document.findings[Finding.NOT_CONFORMED] if "SCR" in told]
    assert "50.00\N{NO-BREAK SPACE}% against a target of ≥\N{NO-BREAK SPACE}95" in missed
    assert [told for told in document.findings[Finding.CONFORMED] if "SCR" in told]
    changes = [row for row in document.sections[7].tables[0].rows if row[2].shown == "SCR"]
    assert [(row[3].shown, row[5].shown[-4:]) for row in changes] == [
        *(("ends", "95\N{NO-BREAK SPACE}%"), ("begins", "70\N{NO-BREAK SPACE}%")),
    ]


def test_a_corrected_target_holds_from_the_day_on_which_it_was_known(december):
    found = periods(made(december))
    before, after = found["KARTU", "abandon_rate", 5], found["KARTU", "abandon_rate", 60]
    assert (before.last.day, before.verdict) == (19, Verdict.MISSED)
    assert (after.first.day, after.verdict) == (20, Verdict.MET)
    rows = made(december).figures.targets
    (corrected,) = [row for row in rows if row.is_corrected]
    assert (corrected.kpi, corrected.target_before, corrected.target) == ("abandon_rate", 5, 60)


def test_nothing_measured_is_no_verdict_and_no_percentage(december):
    report = made(december)
    found = periods(report)
    email = found["KARTU", "response_time", 90]
    assert (email.value, email.verdict) == (None, Verdict.NO_VOLUME)
    assert found["KARTU", "staffing", 100].verdict is Verdict.NOT_MEASURED
    assert found["TIMUR", "scr", None].verdict is Verdict.NO_TARGET
    unjudged = document_of(report.figures, report.record, "en").findings[Finding.NOT_JUDGED]
    for told in ("no contacts to judge by", "no target was in force", "no monthly figure"):
        assert [sentence for sentence in unjudged if told in sentence], told
    (row,) = [row for row in read_workbook(report)["KPIs of contacts"] if row[2] == "Response time"]
    assert row[6:9] == [0, 0, "no volume"]


def test_a_name_that_begins_like_a_formula_is_text_in_the_workbook(december):
    report = made(december)
    book = load_workbook(io.BytesIO(content(report, "xlsx")))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    evil = [cell for cell in cells if cell.value == EVIL]
    assert len(evil) > 5
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in evil)
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "inlineStr"}
    assert EVIL in "".join(read_html(report).texts)
    assert without_space(EVIL) in without_space(pdf_text(report))


def test_an_empty_month_says_so_and_one_that_has_not_begun_is_refused(december):
    empty = made(december, Month.read("2026-03"))
    document = document_of(empty.figures, empty.record, "en")
    assert document.findings[Finding.CONFORMED] == []
    assert document.findings[Finding.NOT_CONFORMED] == []
    nothing = [told for told in document.findings[Finding.NOT_JUDGED] if "No contact" in told]
    assert len(nothing) == 1
    assert not empty.record.is_provisional
    with pytest.raises(ReportError, match="2027-01 has not begun"):
        made(december, Month.read("2027-01"))


def test_without_a_service_there_is_nothing_to_report(system):
    with pytest.raises(ReportError, match="no figures yet"):
        made(system.warehouse)


def test_a_report_can_be_named_again(december, query):
    report = made(december)
    (kept,) = query("select * from ops.report")
    assert kept["month"].isoformat() == "2026-11-01"
    assert kept["files"] == {
        file.name: hashlib.sha256(file.content).hexdigest() for file in report.files
    }
    assert len(kept["files"]) == 3
    (build,) = query("select * from ops.cycle where cycle_id = :id", id=kept["cycle_id"])
    assert (build["step"], build["as_of"]) == ("build_marts", kept["as_of"])
    assert {"scr/1", "abandon_rate/1", "asa/1"} <= set(kept["formulas"])
    cover = dict(document_of(report.figures, report.record, "en").cover)
    assert cover["Number of the report"] == str(kept["report_id"])
    assert cover["Checksum of all figures (sha256)"] == kept["figures_sha256"]


def test_at_a_later_clock_equal_figures_have_the_same_checksum_and_others_another(
    run, deliver, query
):
    first = made(run("2026-12-01T08:00:00+07:00").warehouse)
    later = made(run("2026-12-02T08:00:00+07:00").warehouse)
    assert later.record.report_id != first.record.report_id
    assert later.record.figures_sha256 == first.record.figures_sha256
    deliver(
        *("call", "late.csv", CALLS + call("z1", "KARTU", at("2026-11-20T11:00:00+07:00"))),
        at("2026-12-02T09:00:00+07:00"),
    )
    corrected = made(run("2026-12-02T09:00:00+07:00").warehouse)
    assert corrected.record.figures_sha256 != first.record.figures_sha256


COACHING = (
    "insert into ops.coaching (service_code, agent_id, status, status_since, proposed_step,"
    " proposed_step_no, proposed_at)"
    " select 'KARTU', 'A' || n, 'proposed', :at, 'reminder', 1, :at from generate_series(1, :n) n"
)


@pytest.mark.parametrize(("steps", "shown"), [(4, "fewer than 5"), (5, "5")])
def test_few_steps_of_coaching_are_not_counted(december, write, steps, shown):
    write(COACHING, at=at("2026-11-20T10:00:00+07:00"), n=steps)
    (row,) = read_workbook(made(december))["Steps of coaching by service"]
    assert [str(cell) for cell in row] == ["Kartu Kredit", shown, "0", "0", "0"]
