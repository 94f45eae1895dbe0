"""The cells of a sheet by row and column, whichever file it stood in, within limits.

A workbook is read as a stream: empty rows, however many, are never kept. What the cells mean is not
decided here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, Any
from xml.etree.ElementTree import Element

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries

# What openpyxl's own streaming mode is made of; that mode shows neither merged cells nor that a
# cell is a formula whose value nobody has stored.
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from rtm.landing.containers import BYTE_ORDER_MARK, UnreadableFileError
from rtm.landing.workbooks import LONGEST_GAP, NO_SHEET, Cell, cell_text, within_limits

MOST_SHEETS = 60
MOST_CELLS = 1_000_000
"""With something in them, in the sheets of one file: 1,500 people in a year are half of it."""
MOST_COLUMNS = 1_500
ANSWER_SHEETS = ("temuan", "findings", "terbit", "published")
"""What the answer to an earlier delivery added, in a workbook that is delivered again."""
LARGEST_TEXT = 50 << 20
DELIMITERS = ",;\t"
LINES_TASTED = 50

MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^<>]*?ref=[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})")
LONGEST_ELEMENT = 200
CHUNK = 1 << 20


class NoValue(Enum):
    """Stands for a formula without a stored value; nothing is computed here."""

    FORMULA = "formula"


Value = Cell | NoValue
Place = tuple[int, int]
"""Row and column, from 1."""


@dataclass
class Sheet:
    """The cells that hold something, and the ranges whose cells were made one."""

    name: str | None
    """None for a file that is a table and has no sheets."""
    rows: dict[int, dict[int, Value]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row and column, last row and column."""

    def value(self, row: int, column: int) -> Value:
        return self.rows.get(row, {}).get(column)

    def text(self, row: int, column: int | None) -> str | None:
        """The cell as text without spaces around it; None if it is empty."""
        return None if column is None else text_of(self.value(row, column))

    def place(self, row: int, column: int) -> str:
        """As a spreadsheet names the cell: `Juni!F12`, in a file without sheets `F12`."""
        cell = f"{get_column_letter(column)}{row}"
        return cell if self.name is None else f"{self.name}!{cell}"

    def raw_text(self, row: int) -> str:
        cells = self.rows.get(row, {})
        return ";".join(text_of(cells[column]) or "" for column in sorted(cells))


def text_of(value: Value) -> str | None:
    if isinstance(value, NoValue):
        return None
    return (cell_text(value) or "").strip() or None


class Book:
    """A workbook whose visible sheets can be read one after the other."""

    def __init__(self, content: IO[bytes]) -> None:
        """Raises UnreadableFileError for what is no workbook, or too large a one."""
        try:
            self._book = load_workbook(
                within_limits(content), read_only=True, data_only=True, keep_links=False
            )
            self._sheets = {s.title: s for s in self._book.worksheets if _is_visible(s)}
        except NO_SHEET as error:
            raise UnreadableFileError(f"not a workbook that can be read: {error!r}") from error
        if len(self._book.worksheets) > MOST_SHEETS:
            raise UnreadableFileError(
                f"the workbook has {len(self._book.worksheets)} sheets; at most {MOST_SHEETS}"
            )
        if not self._sheets:
            raise UnreadableFileError("the workbook has no visible sheet")
        self._cells_left = MOST_CELLS

    @property
    def names(self) -> list[str]:
        return list(self._sheets)

    def rows(self, name: str) -> Iterator[tuple[int, dict[int, Value]]]:
        """The rows of a sheet that hold something, one by one; raises UnreadableFileError."""
        sheet: Any = self._sheets[name]
        gap = 0
        try:
            with sheet._get_source() as source:
                parser = _Parser(
                    source,
                    sheet._shared_strings,
                    data_only=True,
                    epoch=self._book.epoch,
                    date_formats=self._book._date_formats,
                    timedelta_formats=self._book._timedelta_formats,
                )
                for number, cells in parser.parse():
                    found = {c["column"]: c["value"] for c in cells if not _is_blank(c["value"])}
                    if found:
                        gap = 0
                        yield number, found
                    elif (gap := gap + 1) > LONGEST_GAP:
                        return
        except UnreadableFileError:
            raise
        except NO_SHEET as error:
            raise UnreadableFileError(f"{name}: not a sheet that can be read: {error!r}") from error

    def sheet(self, name: str) -> Sheet:
        """A whole sheet; raises UnreadableFileError where it holds too much."""
        read = Sheet(name)
        for number, cells in self.rows(name):
            self._cells_left -= len(cells)
            if self._cells_left < 0:
                raise UnreadableFileError(f"the sheets hold more than {MOST_CELLS} cells")
            if max(cells) > MOST_COLUMNS:
                cells = {c: value for c, value in cells.items() if c <= MOST_COLUMNS}
            read.rows[number] = cells
        read.merged = list(self._merged(name))
        return read

    def _merged(self, name: str) -> Iterator[tuple[int, int, int, int]]:
        """They stand behind the last row, which may be the millionth: too far for a parser."""
        sheet: Any = self._sheets[name]
        with sheet._get_source() as source:
            rest = b""
            while chunk := source.read(CHUNK):
                text = rest + chunk
                end = 0
                for found in MERGED.finditer(text):
                    end = found.end()
                    first_column, first_row, last_column, last_row = range_boundaries(
                        found[1].decode()
                    )
                    yield first_row, first_column, last_row, last_column
                rest = text[max(end, len(text) - LONGEST_ELEMENT) :]


class _Parser(WorkSheetParser):  # type: ignore[misc]
    def parse_cell(self, element: Element) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if (
            cell["value"] is None
            and element.find(FORMULA_TAG) is not None
            and not element.findtext(VALUE_TAG)
        ):
            cell["value"] = NoValue.FORMULA
        return cell


def _is_visible(sheet: Any) -> bool:
    return bool(sheet.sheet_state == "visible") and sheet.title.lower() not in ANSWER_SHEETS


def _is_blank(value: Value) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def text_sheet(content: IO[bytes]) -> Sheet:
    """A delimited file as a sheet; raises UnreadableFileError."""
    data = content.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise UnreadableFileError(f"the file is larger than {LARGEST_TEXT >> 20} MB")
    if b"\0" in data:
        raise UnreadableFileError("the file is not UTF-8 text (it holds NUL bytes)")
    data = data.removeprefix(BYTE_ORDER_MARK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    tasted = "".join(text.splitlines(keepends=True)[:LINES_TASTED])
    sheet = Sheet(None)
    count = 0
    try:
        for number, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=tasted.count)),
            start=1,
        ):
            found: dict[int, Value] = {
                column: cell
                for column, cell in enumerate(cells[:MOST_COLUMNS], start=1)
                if cell.strip()
            }
            if found:
                sheet.rows[number] = found
                count += len(found)
            if count > MOST_CELLS:
                raise UnreadableFileError(f"the file holds more than {MOST_CELLS} cells")
    except csv.Error as error:
        raise UnreadableFileError(f"not delimited text: {error}") from error
    return sheet
