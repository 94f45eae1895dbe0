"""Cells of a workbook that leaves the house: text stays text, whatever it begins with."""

from __future__ import annotations

import io
import re

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import column_index_from_string

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_NAME = 100
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_TEXT = 32_767
"""Of a cell, in Excel."""
PLACE = re.compile(r"(?:(?P<sheet>.+)!)?(?P<column>[A-Z]{1,3})(?P<row>[1-9][0-9]*)", re.DOTALL)


def write_text(cell: Cell, value: str) -> Cell:
    """Writes text that no spreadsheet takes for a formula, here or after it is edited."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_TEXT]
    return as_text(cell)


def as_text(cell: Cell) -> Cell:
    """Keeps the text of a cell from being taken for a formula."""
    if isinstance(cell.value, str) and cell.value.startswith(STARTS_A_FORMULA):
        cell.data_type = "s"
        cell.quotePrefix = True
    return cell


def read_place(place: str) -> tuple[str | None, int, int] | None:
    """Sheet, row and column, counted from 1, of a place such as `Sheet!F12`; None if it is none."""
    found = PLACE.fullmatch(place)
    if found is None:
        return None
    return found["sheet"], int(found["row"]), column_index_from_string(found["column"])


def saved(book: Workbook) -> bytes:
    """The workbook as a file."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def file_stem(name: str) -> str:
    """A name as the stem of a file's name in a mail, whatever it holds."""
    return re.sub(r"[^\w .()-]+", "_", name)[:LONGEST_NAME].strip(" .") or "roster"
