"""The plan as a form and the plans of a month as a workbook hold what the plan holds."""

from __future__ import annotations

import io
from datetime import date

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from rtm.notify import words
from rtm.recovery import read_plan
from rtm.recovery.form import SECTIONS, month_as_workbook, plan_as_pdf, plans_of_month
from rtm.recovery.lifecycle import Action
from rtm.warehouse import Role
from tests.recovery.conftest import MINUTE, TEN
from tests.recovery.test_changing import TO_DONE, steps

NUMBERS = ("channel", "target", "observed", "severity")
NOTE = "=HYPERLINK(\"http://evil\") <b>& 'tutup'</b>"


def pages(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_form_holds_what_was_written_and_who_did_what(act, missed, plan_id, language):
    steps(act, *TO_DONE)
    act(Action.REOPEN, "L2", TEN + 20 * MINUTE, NOTE)
    with missed.warehouse.transaction(Role.APP) as connection:
        content = plan_as_pdf(connection, read_plan(connection, plan_id), language)
    text = " ".join(pages(content).split())
    say = words("plan_form", language)
    for written in ("Kartu Kredit", "Kabel putus", "Pantau saluran tiap jam", "Ani (A1)"):
        assert written in text
    told = {
        "id": ("telepon", "≥ 95 %", "0,00 %", "kritis"),
        "en": ("voice", "≥ 95 %", "0.00 %", "critical"),
    }
    rows = [f"{say[name]} {value}" for name, value in zip(NUMBERS, told[language], strict=True)]
    for row in rows:
        assert row in text
    assert NOTE in text
    assert "23/11/2026 10:06 WIB" in text
    for names in SECTIONS.values():
        for name in names:
            assert say[name] in text
    for action in ("draft", "submit", "verify", "start", "finish", "reopen"):
        assert say[f"action_{action}"] in text


def test_a_draft_has_a_form_too_and_long_texts_break_over_pages(act, missed, plan_id):
    import dataclasses

    from tests.recovery.conftest import content

    long = dataclasses.replace(content(TEN), correction="panjang sekali " * 2000)
    act(Action.WRITE, "L1", TEN + 6 * MINUTE, written=long)
    with missed.warehouse.transaction(Role.APP) as connection:
        form = plan_as_pdf(connection, read_plan(connection, plan_id), "id")
    assert len(PdfReader(io.BytesIO(form)).pages) > 2
    assert pages(form).count("panjang") == pages(form).count("sekali") == 2000


def test_the_workbook_of_a_month_has_each_plan_and_each_step_and_no_formula(act, missed, plan_id):
    steps(act, *TO_DONE)
    act(Action.REOPEN, "L2", TEN + 20 * MINUTE, NOTE)
    with missed.warehouse.transaction(Role.APP) as connection:
        assert plans_of_month(connection, date(2026, 10, 1), None) == []
        assert plans_of_month(connection, date(2026, 11, 1), "LAIN") == []
        ids = plans_of_month(connection, date(2026, 11, 1), "KARTU")
        assert ids == [plan_id]
        plans = [read_plan(connection, number) for number in ids]
        book = load_workbook(io.BytesIO(month_as_workbook(connection, plans, "id")))
    plans_sheet, steps_sheet = book.worksheets
    assert plans_sheet.max_row == 2
    assert [row[3] for row in steps_sheet.iter_rows(min_row=2, values_only=True)] == [
        *("dibuat sebagai draf", "diajukan", "diverifikasi", "dimulai", "diselesaikan"),
        "dibuka kembali",
    ]
    assert steps_sheet.cell(7, 5).value == NOTE
    types = {cell.data_type for sheet in book for row in sheet for cell in row}
    assert types <= {"s", "inlineStr", "n"}
