"""What goes back to the sender of a roster, and out to its team leaders, as files."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from icalendar import Calendar
from openpyxl import Workbook, load_workbook

from rtm.cycle import System, distribute_rosters, gate_rosters, land_feeds
from rtm.landing import LandingError
from rtm.roster.answer import COLOURS
from tests.small_centre import DAY, MORNING, deliver_reference, roster

from .conftest import DAY_BEFORE

NEXT_DAY = DAY + timedelta(days=1)
RED = COLOURS["error"].fgColor.rgb


@pytest.fixture
def attachment(query):
    """The files that go out with the mails of one kind, by name."""

    def run(kind="roster_verdict", recipient=None):
        rows = query(
            """
            select distinct attachment.file_name, attachment.media_type, attachment.content
            from ops.outbox as mail
            inner join ops.attachment on attachment.attachment_id = any(mail.attachments)
            where mail.kind = :kind and (:recipient = '' or mail.recipient = :recipient)
            """,
            kind=kind,
            recipient=recipient or "",
        )
        return {row["file_name"]: bytes(row["content"]) for row in rows}

    return run


@pytest.fixture
def answer(attachment):
    """The only workbook that went back."""

    def run():
        ((_, content),) = attachment().items()
        return load_workbook(io.BytesIO(content))

    return run


def listed(book, sheet="Temuan"):
    """Cell, agent, date, severity and rule of each finding."""
    rows = list(book[sheet].iter_rows(min_row=2, values_only=True))
    return [
        (cell, agent, day and day.date(), severity, rule)
        for cell, _, agent, day, severity, rule, _ in rows
    ]


def test_a_failing_cell_is_coloured_and_says_why(judge, answer, attachment):
    judge(roster().replace("A2,2026-11-23,P", "A2,2026-11-23,X9"))
    assert list(attachment()) == ["roster - hasil.xlsx"]
    book = answer()
    assert book.sheetnames == ["Temuan", "Roster"]
    assert listed(book) == [("Roster!D3", "A2", DAY, "Kesalahan", "known_shift")]
    cell = book["Roster"]["D3"]
    assert (cell.value, cell.fill.fgColor.rgb) == ("X9", RED)
    assert cell.comment.text == "Kesalahan: kode shift X9 tidak ada di data shift"
    assert book["Temuan"]["A2"].hyperlink.location or book["Temuan"]["A2"].hyperlink.target
    untouched = book["Roster"]["D2"]
    assert untouched.comment is None and untouched.fill.fill_type is None


def test_each_rule_blames_the_cell_that_it_is_about(judge, answer):
    judge(roster() + f"KARTU,HANTU,{DAY},P,agent\nKRATU,A1,{DAY},P,agent\n")
    book = answer()
    places = {rule: cell for cell, _, _, _, rule in listed(book)}
    assert places["known_agent"] == "Roster!B5"
    assert places["known_service"] == "Roster!A6"


def test_the_answer_in_english(system, deliver, answer):
    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster().replace(f"A2,{DAY},P", f"A2,{DAY},X9"), DAY_BEFORE)
    english = System(replace(system.settings, language="en"), system.warehouse)
    land_feeds(english, DAY_BEFORE)
    gate_rosters(english, DAY_BEFORE)
    book = answer()
    assert book.sheetnames == ["Findings", "Roster"]
    assert book["Roster"]["D3"].comment.text == "Error: shift code X9 is not in the shift data"


def long_form_workbook(change=None):
    """The roster as people keep it: with a sheet of notes, a formula and a fill of their own."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Jadwal Nov"
    for line in roster().splitlines():
        sheet.append([*line.split(",")])
    notes = book.create_sheet("Catatan")
    notes["A1"] = "rapat jam 9"
    notes["A2"] = "=1+1"
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def unknown_shift(book):
    book["Jadwal Nov"]["D3"] = "X9"


def test_a_workbook_comes_back_as_it_was_with_its_other_sheets(judge, answer):
    judge(long_form_workbook(unknown_shift), name="roster.xlsx")
    book = answer()
    assert book.sheetnames == ["Temuan", "Jadwal Nov", "Catatan"]
    assert book["Catatan"]["A1"].value == "rapat jam 9"
    assert book["Jadwal Nov"]["D3"].fill.fgColor.rgb == RED
    assert [place for place, *_ in listed(book)] == ["Jadwal Nov!D3"]


def test_no_formula_comes_back(judge, answer):
    def inject(book):
        unknown_shift(book)
        book["Jadwal Nov"]["B3"] = "A2"
        book["Jadwal Nov"]["G1"] = "=cmd|'/c calc'!A0"

    judge(long_form_workbook(inject), name="roster.xlsx")
    book = answer()
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


@pytest.mark.parametrize("evil", ["=cmd|'/c calc'!A0", "+1+1", "-2", "@SUM(A1)"])
def test_delivered_text_that_looks_like_a_formula_stays_text(judge, answer, evil):
    judge(roster().replace("A2,2026-11-23,P", f'"{evil}",2026-11-23,P'))
    book = answer()
    cell = book["Roster"]["B3"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (evil, "s", True)
    told = {c.value: c for row in book["Temuan"].iter_rows() for c in row}
    assert told[evil].data_type == "s"


def test_a_file_that_is_gone_is_answered_by_the_list_alone(system, deliver, answer, tmp_path):
    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster().replace(",P,", ",X9,"), DAY_BEFORE)
    land_feeds(system, DAY_BEFORE)
    (tmp_path / "landing" / "roster" / "roster.csv").unlink()
    gate_rosters(system, DAY_BEFORE)
    book = answer()
    assert book.sheetnames == ["Temuan"]
    assert [(agent, rule) for _, agent, _, _, rule in listed(book)] == [
        (agent, "known_shift") for agent in ("A1", "A2", "L1")
    ]


def test_a_landing_folder_that_cannot_be_opened_keeps_no_verdict_back(system, deliver, answer):
    def refuse(url):
        raise LandingError("there is no such connection")

    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster().replace(",P,", ",X9,"), DAY_BEFORE)
    land_feeds(system, DAY_BEFORE)
    gate_rosters(replace(system, opener=refuse), DAY_BEFORE)
    assert answer().sheetnames == ["Temuan"]


def test_a_valid_roster_comes_back_with_what_was_published(judge, answer):
    judge(roster(days=2).replace(f"A2,{NEXT_DAY},P", f"A2,{NEXT_DAY},OFF"))
    book = answer()
    assert book.sheetnames == ["Terbit", "Temuan", "Roster"]
    rows = [[*row] for row in book["Terbit"].iter_rows(values_only=True)]
    assert rows[0][0] == "Layanan: KARTU"
    assert rows[1][0] == "Periode: 23/11/2026 - 24/11/2026"
    head = [value.date() if isinstance(value, datetime) else value for value in rows[4]]
    assert head == ["NIK", "Nama", "Tim", DAY, NEXT_DAY]
    assert rows[5:] == [
        ["A1", "Ani", "T1", "P (PIC)", "P (PIC)"],
        ["A2", "Budi", "T1", "P", "OFF"],
        ["L1", "Lia", "T1", "P (RTFM)", "P (RTFM)"],
    ]


def test_only_the_dates_that_a_version_holds_are_published(system, judge, attachment, query):
    judge(roster(), at=DAY_BEFORE + timedelta(hours=1), name="newer.csv")
    judge(roster(days=2), at=DAY_BEFORE, name="older.csv")
    book = load_workbook(io.BytesIO(attachment()["older - hasil.xlsx"]))
    assert book["Terbit"]["D5"].value.date() == NEXT_DAY
    assert book["Terbit"]["E5"].value is None


# Distribution


def test_the_team_leader_gets_the_workbook_and_the_calendar_of_his_team(system, judge, attachment):
    judge(roster(days=2).replace(f"A2,{NEXT_DAY},P", f"A2,{NEXT_DAY},OFF"))
    distribute_rosters(system, DAY_BEFORE)
    files = attachment("roster_distribution", "lia@bank.example")
    workbook, calendar = sorted(files)
    assert workbook == "roster_KARTU_2026-11-23_v1.xlsx"
    assert calendar == "roster_KARTU_2026-11-23_v1_T1.ics"
    assert load_workbook(io.BytesIO(files[workbook]))["Roster"]["D6"].value == "P (PIC)"
    events = [
        (e.start, e.end, str(e["summary"]), str(e["description"]))
        for e in Calendar.from_ical(files[calendar]).events
    ]
    assert events == [
        (
            MORNING,
            MORNING + timedelta(hours=9),
            "Pagi T1: 3 orang",
            "A1 Ani (PIC)\nA2 Budi\nL1 Lia (RTFM)",
        ),
        (
            MORNING + timedelta(days=1),
            MORNING + timedelta(days=1, hours=9),
            "Pagi T1: 2 orang",
            "A1 Ani (PIC)\nL1 Lia (RTFM)",
        ),
    ]


def test_a_new_version_replaces_the_events_of_the_old_one(system, judge, attachment):
    judge(roster(), name="first.csv")
    judge(roster(), at=DAY_BEFORE + timedelta(hours=1), name="second.csv")
    distribute_rosters(system, DAY_BEFORE + timedelta(hours=1))
    (content,) = (
        c for name, c in attachment("roster_distribution").items() if name.endswith("v2_T1.ics")
    )
    (event,) = Calendar.from_ical(content).events
    assert (event["uid"], event["sequence"]) == (f"KARTU-T1-{DAY}-P-1@rtm", 2)
