"""A workbook lands as the csv file of the same cells would; one that cannot be read says why."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta

import openpyxl
import pytest

from rtm.cycle import land_feeds

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
TEN_PM = datetime.fromisoformat("1900-01-01T22:00:00")
MIDNIGHT = datetime.fromisoformat("2026-11-23T00:00:00")
"""A sheet knows no time zones."""
SHIFTS = [
    ["shift_code", "shift_name", "start_time", "end_time", "break_min", "kind", "overtime"],
    ["P", "Pagi", time(8, 0), timedelta(hours=17), 60, "work", False],
    [None] * 7,
    [110, "Siang, panjang", "13:00", TEN_PM, 45.5, "work", True],
    ["X", "Salah", "delapan", None, None, "work", None],
]


def workbook(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.fixture
def land(system, deliver, query):
    def run(feed, content, name="file.xlsx"):
        deliver(feed, name, content, NOON)
        land_feeds(system, NOON)
        return query("select row_number, reason from ops.quarantine")

    return run


def test_cells_become_the_text_of_a_csv_file(land, query):
    quarantined = land("shift", workbook(SHIFTS))
    assert query(
        "select shift_code, start_time, end_time, break_min, overtime, _row"
        " from raw.shift order by _row"
    ) == [
        {
            "shift_code": "P",
            "start_time": "08:00:00",
            "end_time": "17:00:00",
            "break_min": "60",
            "overtime": "false",
            "_row": 2,
        },
        {
            "shift_code": "110",
            "start_time": "13:00",
            "end_time": "22:00:00",
            "break_min": "45.5",
            "overtime": "true",
            "_row": 4,
        },
    ]
    (row,) = quarantined
    assert row["row_number"] == 5
    assert "start_time: 'delapan' is not a time of day" in row["reason"]


def test_a_date_stays_a_date_and_a_time_keeps_its_time(land, query):
    header = ["service_code", "agent_id", "roster_date", "shift_code", "start_at"]
    service = "service_code,service_name,client_name,timezone\nK,K,B,Asia/Jakarta\n"
    land("service", service, "service.csv")
    row = ["K", "A1", date(2026, 11, 23), "P", MIDNIGHT]
    assert land("roster", workbook([header, row])) == []
    assert query("select roster_date, start_at from raw.roster") == [
        {"roster_date": "2026-11-23", "start_at": "2026-11-23T00:00:00"}
    ]


def bomb():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (600 << 20))
    return content.getvalue()


def entities():
    """A workbook whose sheet is a billion laughs."""
    made = io.BytesIO(workbook(SHIFTS))
    content = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(content, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                data = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
            new.writestr(entry, data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: b"", "not an xlsx workbook"),
        (lambda: b"shift_code,shift_name\n", "not an xlsx workbook"),
        (lambda: workbook(SHIFTS)[:-100], "not an xlsx workbook"),
        (lambda: workbook([]), "missing columns: shift_code"),
        (lambda: workbook([["kode", "nama"]]), "missing columns: shift_code"),
        (lambda: workbook([[*SHIFTS[0], "kind"]]), "columns appear twice in the header: kind"),
        (bomb, "would unpack to 600 MB"),
        (entities, "not a workbook that can be read: ValueError"),
    ],
)
def test_a_workbook_that_cannot_be_read_says_why(land, query, content, reason):
    (row,) = land("shift", content())
    assert row["row_number"] is None
    assert reason in row["reason"]
    assert query("select count(*) as n from raw.shift") == [{"n": 0}]
