"""The answer to the sender of a roster: the same workbook back, with what the gate said of it.

Every failing cell is coloured and carries its reasons as a comment; a sheet lists them all. Of a
valid roster, another sheet shows what was published. Nothing in it can run: formulas come back as
their values, macros and links not at all.
"""

from __future__ import annotations

import csv
import gzip
import io
import logging
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Row

from rtm.landing.rosters.sheets import Sheet
from rtm.notify import words
from rtm.roster.cells import as_text, read_place, saved, write_text
from rtm.roster.gate import Finding, suite
from rtm.roster.published import write_published
from rtm.settings import Language

logger = logging.getLogger(__name__)

LARGEST_FILE = 20 << 20
LARGEST_INFLATED = 64 << 20
"""A delivered file that is larger does not come back; the list of findings does."""
MOST_COMMENTS = 5000
"""Excel opens a sheet with more of them very slowly; cells beyond are coloured all the same."""
MOST_REASONS = 10
"""In one comment."""

COLOURS = {
    "error": PatternFill("solid", fgColor="FF9C9C"),
    "warning": PatternFill("solid", fgColor="FFE08A"),
}
LINK = Font(color="0563C1", underline="single")
BOLD = Font(bold=True)
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Delivered:
    """A roster as it was delivered."""

    file_name: str
    content: bytes | None
    """None where the file is no longer there."""
    rows: Sequence[Row[Any]]
    """What was taken in of it: agent_id, roster_date, place."""


def answer_workbook(
    delivered: Delivered,
    version: Row[Any],
    findings: Sequence[Finding],
    published: Sequence[Row[Any]],
    language: Language,
) -> bytes:
    """An xlsx workbook; where the delivered file cannot be shown, with the list alone."""
    book = _opened(delivered)
    say = words("roster_workbook", language)
    # A sender who corrects an earlier answer and delivers it gets no sheet twice.
    for name in {say["findings_sheet"], say["published_sheet"]} & set(book.sheetnames):
        book.remove(book[name])
    placed = _places(book, delivered, findings)
    _mark(placed, findings, say)
    listing = book.create_sheet(say["findings_sheet"], 0)
    _list(listing, findings, placed, say)
    if published:
        sheet = book.create_sheet(say["published_sheet"], 0)
        write_published(sheet, version, published, language)
    book.active = 0
    return saved(book)


# The delivered file as a workbook


def _opened(delivered: Delivered) -> Workbook:
    try:
        content = _inflated(delivered)
        if content is not None and zipfile.is_zipfile(io.BytesIO(content)):
            return _as_it_was(content)
        if content is not None:
            return _as_sheet(content)
    # The verdict must go out, whatever the file is; what is wrong with it is among the findings.
    except Exception:
        logger.exception("%s does not go back to its sender", delivered.file_name)
    empty = Workbook()
    empty.remove(empty.active)
    return empty


def _inflated(delivered: Delivered) -> bytes | None:
    content = delivered.content
    if content is None or len(content) > LARGEST_FILE:
        return None
    if delivered.file_name.lower().endswith(".gz"):
        with gzip.open(io.BytesIO(content)) as packed:
            content = packed.read(LARGEST_INFLATED + 1)
    return content if len(content) <= LARGEST_INFLATED else None


def _as_it_was(content: bytes) -> Workbook:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > LARGEST_INFLATED:
            raise ValueError(f"the workbook unpacks to more than {LARGEST_INFLATED >> 20} MB")
    book = load_workbook(
        io.BytesIO(content), data_only=True, keep_vba=False, keep_links=False, rich_text=False
    )
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell, Cell):
                    cell.hyperlink = None
                    as_text(cell)
        sheet.conditional_formatting = type(sheet.conditional_formatting)()
        sheet.data_validations.dataValidation = []
    book.defined_names.clear()
    return book


def _as_sheet(content: bytes) -> Workbook:
    """Delimited text, cell by cell: its rows and columns are those that a spreadsheet gives."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\0" in text:
        raise ValueError("neither a workbook nor text")
    first = text.partition("\n")[0]
    book = Workbook()
    sheet = book.active
    sheet.title = "Roster"
    delimiter = max(DELIMITERS, key=first.count)
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1):
        for column, value in enumerate(cells, start=1):
            write_text(sheet.cell(number, column), value)
    return book


# Where a finding stands


def _places(book: Workbook, delivered: Delivered, findings: Sequence[Finding]) -> list[Cell | None]:
    """The cell of each finding; None where it is about no cell, or about one that is not there."""
    header = _long_header(book)
    crossing = _Crossing(delivered.rows)
    found: list[Cell | None] = []
    for finding in findings:
        place = finding.place
        if place is None and header and finding.row_number:
            column = header.get(_column_of(finding.rule)) or header.get("shift_code") or 1
            place = Sheet(None).place(finding.row_number, column)
        found.append(_cell(book, place or crossing.place(finding.agent_id, finding.roster_date)))
    return found


def _long_header(book: Workbook) -> dict[str, int]:
    """The columns of a roster in long form, by name; empty for any other."""
    if not book.worksheets:
        return {}
    names = {
        str(cell.value).strip().lower(): cell.column
        for cell in next(book.worksheets[0].iter_rows(max_row=1), ())
        if cell.value is not None
    }
    return names if "agent_id" in names else {}


def _column_of(rule: str) -> str:
    return next((known.column for known in suite("roster").RULES if known.code == rule), "")


class _Crossing:
    """The cell of an agent and date without an entry: his row, and the column of the date."""

    def __init__(self, rows: Iterable[Row[Any]]) -> None:
        self._row_of: dict[str, tuple[str | None, int]] = {}
        self._column_of: dict[tuple[str | None, date], int] = {}
        for row in rows:
            if row.place and (place := read_place(row.place)):
                sheet, number, column = place
                self._row_of.setdefault(row.agent_id, (sheet, number))
                self._column_of.setdefault((sheet, row.roster_date), column)

    def place(self, agent_id: str | None, roster_date: date | None) -> str | None:
        if agent_id is None or roster_date is None or agent_id not in self._row_of:
            return None
        sheet, number = self._row_of[agent_id]
        column = self._column_of.get((sheet, roster_date))
        return None if column is None else Sheet(sheet).place(number, column)


def _cell(book: Workbook, place: str | None) -> Cell | None:
    read = read_place(place) if place else None
    if read is None or not book.worksheets:
        return None
    name, row, column = read
    if name is not None and name not in book.sheetnames:
        return None
    sheet = book.worksheets[0] if name is None else book[name]
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        merged = next((r for r in sheet.merged_cells.ranges if cell.coordinate in r), None)
        return sheet.cell(merged.min_row, merged.min_col) if merged else None
    return cell


# What is said of it


def _mark(placed: Sequence[Cell | None], findings: Sequence[Finding], say: dict[str, str]) -> None:
    reasons: dict[int, tuple[Cell, list[Finding]]] = {}
    for cell, finding in zip(placed, findings, strict=True):
        if cell is not None:
            reasons.setdefault(id(cell), (cell, []))[1].append(finding)
    for number, (cell, said) in enumerate(reasons.values()):
        worst = "error" if any(f.severity == "error" for f in said) else "warning"
        cell.fill = COLOURS[worst]
        if number < MOST_COMMENTS:
            lines = [f"{say[f.severity]}: {f.message}" for f in said[:MOST_REASONS]]
            if len(said) > MOST_REASONS:
                lines.append(say["more"].format(count=len(said) - MOST_REASONS))
            cell.comment = Comment("\n".join(lines), "RTM", width=360, height=60 + 30 * len(lines))


def _list(
    sheet: Worksheet,
    findings: Sequence[Finding],
    placed: Sequence[Cell | None],
    say: dict[str, str],
) -> None:
    names = ("cell", "row", "agent_id", "date", "severity", "rule", "message")
    for column, name in enumerate(names, start=1):
        write_text(sheet.cell(1, column), say[name]).font = BOLD
    for number, (finding, cell) in enumerate(zip(findings, placed, strict=True), start=2):
        if cell is not None:
            place = sheet.cell(number, 1)
            write_text(place, f"{cell.parent.title}!{cell.coordinate}")
            quoted = cell.parent.title.replace("'", "''")
            place.hyperlink = f"#'{quoted}'!{cell.coordinate}"
            place.font = LINK
        if finding.row_number:
            sheet.cell(number, 2, finding.row_number)
        write_text(sheet.cell(number, 3), finding.agent_id or "")
        if finding.roster_date:
            sheet.cell(number, 4, finding.roster_date).number_format = "dd/mm/yyyy"
        severity = write_text(sheet.cell(number, 5), say[finding.severity])
        severity.fill = COLOURS[finding.severity]
        write_text(sheet.cell(number, 6), finding.rule)
        write_text(sheet.cell(number, 7), finding.message)
    if not findings:
        write_text(sheet.cell(2, 1), say["no_finding"])
    for letter, width in zip("ABCDEFG", (18, 8, 14, 12, 12, 20, 90), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:G{max(len(findings) + 1, 2)}"
