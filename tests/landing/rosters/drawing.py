"""Draws workbooks as people do, and reads them without a warehouse."""

from __future__ import annotations

import io

import openpyxl

from rtm.landing.rosters import People, RosterFile
from rtm.sources import FEEDS

PEOPLE = People(
    {"kartu": "KARTU", "kartu kredit": "KARTU"},
    {"KARTU": "Asia/Jakarta"},
    {"A1": "KARTU", "A2": "KARTU"},
    {
        ("cxone", "ani@bank"): "A1",
        ("iex", "7001"): "A1",
        ("genesys", "user-1"): "A1",
    },
)


class Delivered:
    """A file in memory, as the landing sees it."""

    feed = FEEDS["roster"]
    starts_at = 0

    def __init__(self, name, content):
        self.name, self.content = name, content

    def open(self):
        return io.BytesIO(self.content)


def workbook(**sheets):
    """A workbook of rows by the name of their sheet, in which _ stands for a space."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(row)
    return book


def content_of(book):
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def roster_file(content, name="roster.xlsx"):
    if isinstance(content, openpyxl.Workbook):
        content = content_of(content)
    if isinstance(content, str):
        content = content.encode()
    return RosterFile(Delivered(name, content), lambda: PEOPLE)


def read(content, name="roster.xlsx"):
    """The entries (agent, date, code, function) by place, and what is wrong."""
    records = list(roster_file(content, name).records())
    assert [record.number for record in records] == list(range(1, len(records) + 1))
    entries = {
        record.place: tuple(
            record.cells.get(name) for name in ("agent_id", "roster_date", "shift_code", "function")
        )
        for record in records
        if record.cells
    }
    return entries, [record.error for record in records if record.error]


def codes(content, name="roster.xlsx"):
    """The codes by agent and date; nothing may be wrong."""
    entries, wrong = read(content, name)
    assert wrong == []
    found = {(agent, date): code for agent, date, code, _ in entries.values()}
    assert len(found) == len(entries)
    return found
