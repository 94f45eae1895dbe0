"""A roster as a person draws it: through the gate, back to its sender, and delivered again."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from openpyxl import Workbook, load_workbook

from rtm.landing.rosters.sheets import ANSWER_SHEETS
from rtm.notify import words
from tests.small_centre import DAY

from .conftest import DAY_BEFORE, verdicts

LATER = DAY_BEFORE + timedelta(hours=1)
GOOD = {"A1": ["P (PIC)", "P (PIC)"], "A2": ["Pagi", "Libur"], "L1": ["P (RTFM)", "P (RTFM)"]}


def drawn(cells=GOOD):
    """Title, group row, dates as text, one row a person; the first person stands in row 6."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Nov 2026"
    sheet.append(["JADWAL KERJA"])
    sheet.append(["Layanan: KARTU", None, "Periode: 23 - 24 November 2026"])
    sheet.append([])
    sheet.append(["NIK", "Nama", "23/Nov", "24/Nov"])
    sheet.append([None, "TIM SATU"])
    for agent, codes in cells.items():
        sheet.append([agent, f"Nama {agent}", *codes])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def answers(query):
    """The workbooks that went back, oldest first."""

    def read():
        rows = query("select content from ops.attachment order by attachment_id")
        return [load_workbook(io.BytesIO(row["content"])) for row in rows]

    return read


def test_a_drawn_roster_is_published(judge, query):
    assert judge(drawn(), name="jadwal.xlsx") == []
    rows = query(
        "select agent_id, shift_code, function from staging.stg_canonical__roster"
        " where roster_date = :day order by agent_id",
        day=DAY,
    )
    assert [tuple(row.values()) for row in rows] == [
        ("A1", "P", "pic"),
        ("A2", "P", "agent"),
        ("L1", "P", "rtfm"),
    ]


def test_the_cell_that_breaks_a_rule_is_coloured(judge, answers):
    (found,) = judge(drawn(GOOD | {"A2": ["X9", "OFF"]}), name="jadwal.xlsx")
    assert (found["rule"], found["place"]) == ("known_shift", "Nov 2026!C7")
    (book,) = answers()
    cell = book["Nov 2026"]["C7"]
    assert cell.comment.text == "Kesalahan: kode shift X9 tidak ada di data shift"
    assert book["Nov 2026"]["A1"].value == "JADWAL KERJA"
    assert book["Temuan"]["A2"].value == "Nov 2026!C7"


def test_an_entry_that_is_missing_is_shown_where_it_should_be(judge, answers):
    (found,) = judge(drawn(GOOD | {"A2": ["P", None]}), name="jadwal.xlsx")
    assert found["rule"] == "complete"
    (book,) = answers()
    assert book["Nov 2026"]["D7"].comment.text.startswith("Kesalahan: agent aktif A2")


def test_a_corrected_answer_can_be_delivered_again(judge, answers, query):
    judge(drawn(GOOD | {"A2": ["X9", "OFF"]}), name="jadwal.xlsx")
    (book,) = answers()
    book["Nov 2026"]["C7"].value = "P"
    out = io.BytesIO()
    book.save(out)
    assert judge(out.getvalue(), LATER, "jadwal - hasil.xlsx") == []
    assert verdicts(query) == {"jadwal.xlsx": "invalid", "jadwal - hasil.xlsx": "valid"}
    assert answers()[-1].sheetnames == ["Terbit", "Temuan", "Nov 2026"]


@pytest.mark.parametrize("language", ["id", "en"])
def test_landing_leaves_out_the_sheets_of_an_answer(language):
    say = words("roster_workbook", language)
    assert {say["findings_sheet"].lower(), say["published_sheet"].lower()} <= set(ANSWER_SHEETS)


def test_what_was_published_can_be_delivered_again(system, judge, query):
    """The workbook that team leaders get is read back as the same roster."""
    from rtm.cycle import distribute_rosters

    judge(drawn(), name="jadwal.xlsx")
    distribute_rosters(system, DAY_BEFORE)
    (sent,) = query("select content from ops.attachment where file_name like 'roster_KARTU%.xlsx'")
    assert judge(bytes(sent["content"]), LATER, "again.xlsx") == []
    compared = query(
        """
        select count(*) as rows, count(distinct
            (agent_id, roster_date, shift_code, function)) as entries
        from staging.stg_canonical__roster
        """
    )
    assert compared == [{"rows": 12, "entries": 6}]
