"""The plan as a form and the plans of a month as a workbook hold what the plan holds."""

from __future__ import annotations

import io
from datetime import date, datetime

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from rtm.recovery import read_plan
from rtm.recovery.form import SECTIONS, Speech, month_as_workbook, plan_as_pdf, plans_of_month
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
    say = Speech(language).say
    for written in ("Kartu Kredit", "Kabel putus", "Pantau saluran tiap jam", "Ani (A1)"):
        assert written in text
    told = {
        "id": ("telepon", "≥ 95 %", "0,00 %", "kritis"),
        "en": ("voice", "≥ 95 %", "0.00 %", "critical"),
    }
    rows = [
        f"{say('field.' + name)} {value}"
        for name, value in zip(NUMBERS, told[language], strict=True)
    ]
    for row in rows:
        assert row in text
    assert NOTE in text
    assert "23/11/2026 10:06 WIB" in text
    for names in SECTIONS.values():
        for name in names:
            # A target that is measured is of no roster
            assert (say(f"field.{name}") in text) == (name != "roster_date"), name
    for action in ("draft", "submit", "verify", "start", "finish", "reopen"):
        assert say(f"taken.{action}") in text


FACTS = {
    "formula": "scr/1",
    "explanation": {
        "is_explained": True,
        "reason": None,
        "unit": "points",
        "gap": 95.0,
        "causes": [
            {"cause": "lines", "share": 90.0, "low": 85.0, "high": 94.5, "reason": None},
            {"cause": "aux_over_allowance", "share": 0.0, "low": None, "high": None}
            | {"reason": "within_chance"},
        ],
    },
    "way_back": {
        "kpi": "scr",
        "target": 95.0,
        "is_reachable": True,
        "needed_pct": 97.5,
        "so_far_pct": 80.0,
        "intervals": [
            {"start_at": "2026-11-23T04:00:00+00:00", "missing": 2.5},
            {"start_at": "2026-11-23T04:30:00+00:00", "missing": -1.0},
        ],
        "candidates": [
            {"agent_id": f"B{n}", "agent_name": "Budi", "why": "in_training"} for n in range(12)
        ],
    },
}
TOLD = {
    "id": (
        "Rumus dan versinya scr/1",
        "Selisih 95,0 poin di bawah target",
        "Penyebab selisih Selisih 95,0 poin.",
        "Saluran penuh atau terputus: 90,0 (Rentang 90 %: 85,0 … 94,5)",
        "AUX melebihi jatah: 0,0, masih dalam variasi wajar",
        "Cara kembali ke target Sisa hari ini harus mencapai 97,5 % agar target harian 95,0 %"
        " tercapai (sejauh ini 80,0 %).",
        "11:00 WIB: Kurang 2,5",
        "Budi (B9): sedang pelatihan … dan 2 orang lagi.",
        "Dibuat sebagai draf 23/11/2026 10:05 WIB",
        "Mengajukan dalam 15 mnt sejak dapat dilakukan; menunggu sampai 23/11/2026 10:20 WIB,"
        " eskalasi ke koordinator 23/11/2026 10:20 WIB",
        "Memverifikasi dalam 30 mnt sejak dapat dilakukan Memulai dalam 30 mnt",
        "Menyelesaikan sesuai tenggat rencana Menutup dalam 24 jam",
        "Ditahan karena perkara hukum tidak",
    ),
    "en": (
        "Formula and version scr/1",
        "Gap 95.0 points below target",
        "Lines full or cut off: 90.0 (90 % range: 85.0 … 94.5)",
        "The way back The rest of today must reach 97.5 % for the day's target of 95.0 %",
        "To submit within 15 min from when it can be done; waits until 23/11/2026 10:20 WIB,"
        " escalated to the coordinators 23/11/2026 10:20 WIB",
        "On legal hold no",
    ),
}


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_form_holds_the_gap_what_explains_it_the_way_back_and_the_limits(
    missed, plan_id, language
):
    with missed.warehouse.transaction(Role.APP) as connection:
        plan = {**read_plan(connection, plan_id), "facts": FACTS}
        text = " ".join(pages(plan_as_pdf(connection, plan, language)).split())
    for told in TOLD[language]:
        assert told in text, told
    assert "11:30 WIB" not in text and "(B10)" not in text


def test_the_form_says_why_there_is_no_analysis_and_that_a_plan_is_on_legal_hold(
    act, missed, plan_id
):
    act(Action.HOLD, "K1", TEN + 6 * MINUTE, "Perkara 12")
    failed = {"is_explained": False, "is_reachable": None, "reason": "failed"}
    with missed.warehouse.transaction(Role.APP) as connection:
        plan = read_plan(connection, plan_id)
        texts = [
            " ".join(pages(plan_as_pdf(connection, {**plan, "facts": facts}, "id")).split())
            for facts in ({"explanation": failed, "way_back": failed}, {})
        ]
    assert "Penyebab selisih Penyebab tidak dapat dihitung. analisis gagal" in texts[0]
    assert "Cara kembali ke target Belum dapat dihitung. analisis gagal" in texts[0]
    assert "Penyebab selisih – Cara kembali ke target –" in texts[1]
    for text in texts:
        assert "Ditahan karena perkara hukum ya, disimpan sampai penahanan dilepas" in text


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
        assert plans_of_month(connection, date(2026, 10, 1)) == []
        for others in (["LAIN"], []):
            assert plans_of_month(connection, date(2026, 11, 1), others) == []
        plans = plans_of_month(connection, date(2026, 11, 1), ["KARTU", "LAIN"])
        assert [plan["plan_id"] for plan in plans] == [plan_id]
        assert plans == plans_of_month(connection, date(2026, 11, 1))
        book = load_workbook(io.BytesIO(month_as_workbook(connection, plans, "id")))
    plans_sheet, steps_sheet = book.worksheets
    assert plans_sheet.max_row == 2
    assert [row[3] for row in steps_sheet.iter_rows(min_row=2, values_only=True)] == [
        *("Dibuat sebagai draf", "Diajukan", "Diverifikasi", "Dimulai", "Diselesaikan"),
        "Dibuka kembali",
    ]
    assert steps_sheet.cell(7, 5).value == NOTE
    types = {cell.data_type for sheet in book for row in sheet for cell in row}
    assert types <= {"s", "inlineStr", "n", "d"}


def test_the_figures_of_a_month_can_be_sorted_and_added_up(act, missed):
    steps(act, *TO_DONE)
    with missed.warehouse.transaction(Role.APP) as connection:
        plans = plans_of_month(connection, date(2026, 11, 1))
        book = load_workbook(io.BytesIO(month_as_workbook(connection, plans, "id")))
    head, row = book.worksheets[0].iter_rows()
    cells = {name.value: cell for name, cell in zip(head, row, strict=True)}
    plan = plans[0]
    assert cells["Pencapaian"].value == plan["observed"]
    assert cells["Selisih"].value == plan["observed"] - 95
    assert (cells["Target"].value, cells["Target"].number_format) == (95, '"≥" General "%"')
    assert cells["Tanggal roster"].value == "–"
    detected = cells["Terdeteksi"]
    assert (detected.value, detected.number_format) == (
        datetime.fromisoformat("2026-11-23 10:05"),
        'dd/mm/yyyy hh:mm "WIB"',
    )
    assert isinstance(book.worksheets[1].cell(2, 2).value, datetime)
