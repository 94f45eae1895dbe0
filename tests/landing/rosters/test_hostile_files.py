"""A roster that is too large, broken or hostile says so in a sentence, and costs little."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile

import openpyxl
import pytest

from rtm.landing.containers import UnreadableFileError
from rtm.landing.rosters import sheets

from .drawing import codes, content_of, roster_file, workbook

TABLE = [["Layanan: KARTU", "Juni 2026"], ["NIK", "Nama", 1, 2], ["A1", "Ani", "P", "M"]]


def repacked(change, book=None):
    """The table as a workbook, its parts changed: `change` gives the new bytes of a part."""
    content = io.BytesIO()
    made = zipfile.ZipFile(io.BytesIO(content_of(book or workbook(S=TABLE))))
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in made.infolist():
            new.writestr(entry.filename, change(entry.filename, made.read(entry)))
    return content


def zip_bomb():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (600 << 20))
    return content.getvalue()


def entities(name, data):
    laughs = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    return laughs if name.endswith("sheet1.xml") else data


def encrypted():
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")


def of_many_sheets():
    return content_of(workbook(**{f"S{n}": [["x"]] for n in range(sheets.MOST_SHEETS + 1)}))


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (zip_bomb, "a.xlsx", "would unpack to 600 MB"),
        (lambda: repacked(entities).getvalue(), "a.xlsx", "not a workbook that can be read"),
        (encrypted, "a.xlsx", "protected by a password; save it without one"),
        (lambda: encrypted()[:200], "a.xlsx", "an old workbook"),
        (of_many_sheets, "a.xlsx", "has 61 sheets; at most 60"),
        (lambda: b"Layanan: KARTU\n", "a.xlsx", "not an xlsx workbook"),
        (lambda: content_of(workbook(S=TABLE)), "a.xlsm", "the ending of 'a.xlsm'"),
        (lambda: content_of(workbook(S=TABLE)), "a.csv", None),
        (lambda: content_of(workbook(S=TABLE))[:-200], "a.xlsx", "not an xlsx workbook"),
    ],
)
def test_a_file_that_is_no_roster_says_why(content, name, reason):
    if reason is None:  # A workbook under the name of a text: told by what reads texts.
        assert roster_file(content(), name).is_plain
        return
    with pytest.raises(UnreadableFileError, match=reason):
        list(roster_file(content(), name).records())


def test_more_cells_than_a_roster_has_are_not_kept(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_CELLS", 5)
    with pytest.raises(UnreadableFileError, match="more than 5 cells"):
        roster_file(workbook(S=TABLE))
    with pytest.raises(UnreadableFileError, match="more than 5 cells"):
        roster_file("Juni 2026\nNIK,1,2\nA1,P,P\nA2,P,P\n", "a.csv")


def test_macros_are_neither_run_nor_in_the_way():
    content = repacked(lambda _, data: data)
    with zipfile.ZipFile(content, "a") as packed:
        packed.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 macros")
    assert len(codes(content.getvalue())) == 2


def test_a_million_empty_rows_cost_nothing_and_hide_no_merged_cells():
    rows = b"".join(b'<row r="%d"/>' % n for n in range(4, 1_000_001))

    def change(name, data):
        return data.replace(b"</sheetData>", rows + b"</sheetData>") if "sheet1" in name else data

    book = workbook(S=[*TABLE[:2], ["A1", "Ani", "CUTI", None]])
    book["S"].merge_cells("C3:D3")
    content = repacked(change, book).getvalue()
    tracemalloc.start()
    began = time.monotonic()
    found = codes(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {("A1", "2026-06-01"): "CUTI", ("A1", "2026-06-02"): "CUTI"}
    assert time.monotonic() - began < 10
    assert peak < 100 << 20


def test_1500_people_in_a_month_are_read_in_seconds():
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("KARTU")
    sheet.append(["Mei 2026"])
    sheet.append(["NIK", "Nama", *range(1, 32)])
    for n in range(1500):
        sheet.append([f"{n:05}", f"Orang {n}", *["P", "OFF"] * 15, "P"])
    content = content_of(book)
    began = time.process_time()
    assert len(codes(content)) == 46_500
    assert time.process_time() - began < 10
