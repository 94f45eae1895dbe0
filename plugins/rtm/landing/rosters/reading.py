"""Tells the layout of a delivered roster, and reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

from rtm.landing.arrivals import Arrival
from rtm.landing.containers import (
    Record,
    UnreadableFileError,
    check_columns,
    container,
    printable,
    unpacked,
)
from rtm.landing.rosters import blocks, exports, matrix
from rtm.landing.rosters.people import People
from rtm.landing.rosters.sheets import (
    LARGEST_TEXT,
    Book,
    NoValue,
    Sheet,
    Value,
    text_of,
    text_sheet,
)
from rtm.landing.rosters.tables import find_tables
from rtm.landing.workbooks import cell_text
from rtm.sources import Feed, Kind

LONG = "long"
HEAD = 1 << 16
FEW_NAMES = 2
"""Of the long form: a header with more of them is meant as one, whatever it lacks."""


class RosterFile:
    """One delivered roster, its layout told, its sheets in memory."""

    def __init__(self, arrival: Arrival, people: Callable[[], People]) -> None:
        """Raises UnreadableFileError for a file that cannot be read as a whole."""
        self.arrival = arrival
        self._people = people
        self._workbook: _Workbook | None = None
        with unpacked(arrival) as content:
            if container(arrival) == "workbook":
                self._workbook = _Workbook(arrival.feed, content)
                self.layout = self._workbook.layout
            else:
                self.layout = _text_layout(arrival.feed, content)
        """`long`, `matrix`, `blocks`, `cxone`, `iex` or `genesys`; a file that is nothing else is
        meant as the long form."""

    @property
    def is_plain(self) -> bool:
        """A text in the long form, which is read as any other table."""
        return self.layout == LONG and self._workbook is None

    def records(self) -> Iterator[Record]:
        """The records in their order; raises UnreadableFileError, also while they are read."""
        if self._workbook is None:
            yield from self._text_records()
        elif self.layout == LONG:
            yield from _long_workbook_records(self.arrival, self._workbook)
        else:
            yield from _sheet_records(self.layout, self._workbook.sheets, self._people())

    def _text_records(self) -> Iterator[Record]:
        with unpacked(self.arrival) as content:
            if self.layout in (matrix.LAYOUT, blocks.LAYOUT):
                yield from _sheet_records(self.layout, [text_sheet(content)], self._people())
                return
            data = content.read(LARGEST_TEXT + 1)
        if len(data) > LARGEST_TEXT:
            raise UnreadableFileError(f"the file is larger than {LARGEST_TEXT >> 20} MB")
        text = printable(data.decode("utf-8", errors="surrogateescape"))
        yield from exports.export_records(self.layout, text, self._people())


# Texts


def _text_layout(feed: Feed, content: IO[bytes]) -> str:
    head = content.read(HEAD)
    # What is not UTF-8 is at least read by its letters.
    text = head.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if _is_long(feed, text.partition("\n")[0]):
        return LONG
    layout = exports.export_layout(text)
    if layout is not None or text.lstrip().startswith(("{", "[")) or b"\0" in head:
        return layout or LONG
    content.seek(0)
    return _sheets_layout([text_sheet(content)]) or LONG


def _is_long(feed: Feed, header: str) -> bool:
    for delimiter in feed.delimiters:
        names = {name.strip(' "\r').lower() for name in header.split(delimiter)}
        if len(names & {column.name for column in feed.columns}) > FEW_NAMES:
            return True
    return False


def _sheets_layout(sheets: list[Sheet]) -> str | None:
    if any(blocks.is_of_blocks(sheet) for sheet in sheets):
        return blocks.LAYOUT
    return matrix.LAYOUT if any(find_tables(sheet) for sheet in sheets) else None


def _sheet_records(layout: str, sheets: list[Sheet], people: People) -> Iterator[Record]:
    if layout == blocks.LAYOUT:
        return blocks.block_records(
            [sheet for sheet in sheets if blocks.is_of_blocks(sheet)], people
        )
    return matrix.Roster(sheets, people).records()


# Workbooks


class _Workbook:
    """A workbook, and which of its sheets are in the long form."""

    def __init__(self, feed: Feed, content: IO[bytes]) -> None:
        self.book = Book(content)
        self.long: list[str] = []
        self.sheets: list[Sheet] = []
        self.header: list[str] = []
        for name in self.book.names:
            _, first = next(self.book.rows(name), (0, {}))
            names = [(text_of(value) or "").lower() for value in first.values()]
            self.header = self.header or names
            if len(set(names) & {column.name for column in feed.columns}) > FEW_NAMES:
                self.long.append(name)
        if not self.long:
            self.sheets = [self.book.sheet(name) for name in self.book.names]
        self.layout = LONG if self.long else _sheets_layout(self.sheets) or LONG


def _long_workbook_records(arrival: Arrival, workbook: _Workbook) -> Iterator[Record]:
    if not workbook.long:
        try:
            check_columns(arrival, tuple(filter(None, workbook.header)))
        except UnreadableFileError as error:
            raise UnreadableFileError(
                f"{error}; nor is there a row of dates (1, 27/Mei, 2026-06-01) beside a column NIK"
                " or agent_id"
            ) from error
    before = 0
    for name in workbook.long:
        number = before
        for record in _long_records(arrival, workbook.book, name):
            number = before + record.number
            yield Record(number, record.raw_text, record.cells, record.error, place=record.place)
        before = number


def _long_records(arrival: Arrival, book: Book, name: str) -> Iterator[Record]:
    """The rows of a sheet in the long form; each stands where its shift code does."""
    rows = book.rows(name)
    _, header = next(rows)
    names = {column: (text_of(value) or "").lower() for column, value in header.items()}
    check_columns(arrival, tuple(names.values()))
    sheet = Sheet(name)
    code_column = next(column for column, found in names.items() if found == "shift_code")
    for number, cells in rows:
        raw_text = ";".join(text_of(cells.get(column)) or "" for column in names)
        formulas = [c for c in names if cells.get(c) is NoValue.FORMULA]
        place = sheet.place(number, formulas[0] if formulas else code_column)
        if formulas:
            why = f"{place}: {matrix.FORMULA}"
            yield Record(number, printable(raw_text), None, why, place=place)
            continue
        texts = {found: _cell(arrival.feed, found, cells.get(c)) for c, found in names.items()}
        yield Record(number, raw_text, texts, place=place)


def _cell(feed: Feed, name: str, value: Value) -> str | None:
    column = feed.column(name)
    kind = column.kind if column else Kind.TEXT
    return None if isinstance(value, NoValue) else cell_text(value, kind)
