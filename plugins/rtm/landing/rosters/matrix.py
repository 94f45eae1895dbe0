"""Rosters by date: a row for each person, a column for each date, a shift code in each cell.

An entry is a cell with something in it, in the row of a person, below a date of the period. All
else in the sheet is there for people to look at: groups, counts, legends, signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from rtm.landing.containers import Record, UnreadableFileError, printable
from rtm.landing.rosters.days import Period, UnknownYearError, dates_of, is_weekday
from rtm.landing.rosters.people import People
from rtm.landing.rosters.sheets import NoValue, Sheet, Value, text_of
from rtm.landing.rosters.tables import Table, find_tables
from rtm.landing.rosters.titles import Title, read_sheet_name, read_title

LAYOUT = "matrix"

NO_PERSON = re.compile(
    r"(grand |sub ?)?(total|jumlah|jml|sum|count|rekap|keterangan|ket|legend[a]?|catatan|notes?)\b"
)
"""How a line begins that counts or explains."""
EXPLAINS = re.compile(r"(keterangan|ket|legend[a]?|catatan|notes?|kode shift)\b")
MARKED = re.compile(r"(.+?)\s*(?:\(\s*(pic|rtfm)\s*\)|/\s*(pic|rtfm))", re.IGNORECASE | re.DOTALL)
FUNCTIONS = {"pic": "pic", "rtfm": "rtfm", "agent": "agent", "agen": "agent"}
WHOLE = re.compile(r"\d+\.0+")

NAME_THE_SERVICE = (
    "the service is not named; write `Layanan: <code or name>` above the table, or give the sheet"
    " its code as name, or add a column service_code"
)


class Roster:
    """The tables of a file's sheets, and what their titles say together."""

    def __init__(self, sheets: Iterable[Sheet], people: People) -> None:
        self.people = people
        self.tables: list[tuple[Table, Title]] = []
        for sheet in sheets:
            before = Title()
            for table in find_tables(sheet):
                own = read_title(sheet, table.title_rows, people)
                before = own.completed(before)
                self.tables.append((table, before))

    def records(self) -> Iterator[Record]:
        """The entries as rows of the long form, numbered from 1; and what is wrong, in its place.

        Raises UnreadableFileError where service or dates of a table are not told.
        """
        number = 0
        services = {self._service(table, title) for table, title in self.tables}
        shared = next(iter(services - {None}), None) if len(services - {None}) == 1 else None
        periods = {p for table, title in self.tables if (p := _period(table, title))}
        for table, title in self.tables:
            service = self._service(table, title) or shared
            if service is None and table.service_column is None and table.id_column is not None:
                raise UnreadableFileError(f"{_named(table.sheet)}{NAME_THE_SERVICE}")
            dates = _dates(table, title, periods)
            for record in _Reading(table, dates, service, self.people).records():
                number += 1
                yield Record(
                    number, record.raw_text, record.cells, record.error, place=record.place
                )

    def _service(self, table: Table, title: Title) -> str | None:
        if title.service is not None:
            return self.people.service_code(title.service) or title.service
        return self.people.service_code(table.sheet.name) if table.sheet.name else None


def _named(sheet: Sheet) -> str:
    return "" if sheet.name is None else f"sheet {sheet.name}: "


def _period(table: Table, title: Title) -> Period | None:
    """What the title names; else, where the dates leave something out, what the sheet's name
    tells."""
    if title.period or all(day.year for _, day in table.headings):
        return title.period
    named = read_sheet_name(table.sheet.name)
    if named.period is None and named.month and title.year:
        named = read_sheet_name(f"{table.sheet.name} {title.year}")
    return named.period


def _dates(table: Table, title: Title, periods: set[Period]) -> dict[int, date | None]:
    """The date of each column that is part of the roster; None for one that cannot be."""
    period = _period(table, title)
    if (
        period is None
        and title.year is None
        and len(periods) == 1
        and not all(day.year for _, day in table.headings)
    ):
        (period,) = periods
    place = table.sheet.place(table.date_row, table.headings[0][0])
    try:
        dates = dates_of(table.headings, period, title.year, table.weekdays)
    except UnknownYearError as error:
        raise UnreadableFileError(
            f"{place}: {error}; write `Periode: 1 - 30 Juni 2026` or `Juni 2026` above the table"
        ) from error
    if period is None:
        return dates
    inside = {c: day for c, day in dates.items() if day is None or period[0] <= day <= period[1]}
    if not any(inside.values()):
        raise UnreadableFileError(
            f"{place}: none of the dates is in the period that the title names,"
            f" {period[0]} – {period[1]}"
        )
    return inside


class _Reading:
    """One pass over the rows of a table."""

    def __init__(
        self, table: Table, dates: dict[int, date | None], service: str | None, people: People
    ) -> None:
        self.table = table
        self.sheet = table.sheet
        self.dates = dates
        self.service = service
        self.people = people
        self.spread = _spread(table)
        self.is_explaining = False
        self.codes: set[str] = set()
        self.codes = {
            text.casefold()
            for row in table.rows
            if self._is_person(row)
            for column in dates
            if (text := self._text(row, column))
        }

    def records(self) -> Iterator[Record]:
        if self.table.beside is not None:
            place = self.sheet.place(self.table.header_rows[0], self.table.beside)
            yield self._wrong(
                self.table.header_rows[0],
                place,
                "a second table begins here, beside the first; put it below, or on another sheet",
            )
        if self.table.id_column is None:
            row = self.table.header_rows[1]
            place = self.sheet.place(row, self.table.name_column or 1)
            yield self._wrong(row, place, "there is no column NIK or agent_id beside the names")
            return
        yield from self._impossible_dates()
        for row in self.table.rows:
            yield from self._row(row)

    def _impossible_dates(self) -> Iterator[Record]:
        """A day that its month does not have; a mere number counts only where cells stand below."""
        days = dict(self.table.headings)
        for column in [column for column, day in self.dates.items() if day is None]:
            is_used = any(
                self._text(row, column) for row in self.table.rows if self._is_person(row)
            )
            if days[column].month is not None or is_used:
                row = self.table.date_row
                told = self.sheet.text(row, column)
                yield self._wrong(row, self.sheet.place(row, column), f"{told!r} is no date")
        self.dates = {column: day for column, day in self.dates.items() if day}

    def _row(self, row: int) -> Iterator[Record]:
        if self._is_weekdays(row):
            return
        table = self.table
        id_column = table.id_column or 1
        if self._cell(row, id_column) is NoValue.FORMULA and self._has_codes(row):
            yield self._wrong(row, self.sheet.place(row, id_column), FORMULA)
            return
        if self._is_person(row):
            yield from self._entries(row)
            return
        name = self._text(row, table.name_column)
        if EXPLAINS.match((self._label(row) or "").casefold()):
            self.is_explaining = True
        if (
            name
            and not self.is_explaining
            and not NO_PERSON.match(name.casefold())
            and name.casefold() not in self.codes
            and self._text(row, id_column) is None
            and self._has_codes(row)
        ):
            place = self.sheet.place(row, id_column)
            yield self._wrong(row, place, f"{name!r} has shifts but no NIK or agent_id")

    def _entries(self, row: int) -> Iterator[Record]:
        table = self.table
        service = self.service
        if service is None:
            named = self._text(row, table.service_column)
            service = named and (self.people.service_code(named) or named)
        agent = _id(self._text(row, table.id_column) or "")
        told = self._text(row, table.function_column)
        function = _function(told, table.is_position)
        raw_text = printable(self.sheet.raw_text(row))
        for column, day in self.dates.items():
            value = self._cell(row, column)
            place = self.sheet.place(row, column)
            if value is NoValue.FORMULA:
                yield self._wrong(row, place, FORMULA)
                continue
            code = text_of(value)
            if code is None:
                continue
            marked = MARKED.fullmatch(code)
            yield Record(
                0,
                raw_text,
                {
                    "service_code": service,
                    "agent_id": agent,
                    "roster_date": day.isoformat() if day else None,
                    "shift_code": marked[1] if marked else code,
                    "function": (marked[2] or marked[3]).lower() if marked else function,
                },
                place=place,
            )

    def _is_person(self, row: int) -> bool:
        """Whether the row has an id that is one: no name of a group, no code in a legend."""
        text = self._text(row, self.table.id_column)
        if text is None or NO_PERSON.match(text.casefold()) or is_weekday(text):
            return False
        if text in self.people.services:
            return True
        cells = [cell for column in self.dates if (cell := self._text(row, column))]
        if text.casefold() in self.codes:
            return len(cells) * 2 > len(self.dates)
        is_word = not any(character.isdigit() for character in text)
        return not (is_word and cells and all(cell.isdigit() for cell in cells))

    def _is_weekdays(self, row: int) -> bool:
        told_id = self._text(row, self.table.id_column) or ""
        if told_id in self.people.services or any(c.isdigit() for c in told_id):
            return False  # Somebody who works S on a Senin and S on a Selasa.
        near = row <= self.table.header_rows[1] + 1
        texts = [(self._text(row, column), day) for column, day in self.dates.items()]
        told = [(text, day) for text, day in texts if text]
        return bool(told) and all(
            is_weekday(text, day if near else None) for text, day in told if day
        )

    def _has_codes(self, row: int) -> bool:
        """Whether cells hold what those of people hold, or words in most of them: no counts."""
        texts = [text for column in self.dates if (text := self._text(row, column))]
        words = [text for text in texts if not text.replace(".", "").isdigit()]
        return any(text.casefold() in self.codes for text in texts) or (
            len(words) * 2 >= len(self.dates)
        )

    def _label(self, row: int) -> str | None:
        """The first text of the row that stands before the dates."""
        cells = self.sheet.rows.get(row, {})
        return next((text for c in sorted(cells) if (text := text_of(cells[c]))), None)

    def _cell(self, row: int, column: int) -> Value:
        value = self.sheet.value(row, column)
        if value is None and (row, column) in self.spread:
            return self.sheet.value(*self.spread[row, column])
        if isinstance(value, str) and not value.strip():
            return None
        return value

    def _text(self, row: int, column: int | None) -> str | None:
        return None if column is None else text_of(self._cell(row, column))

    def _wrong(self, row: int, place: str, why: str) -> Record:
        return Record(0, printable(self.sheet.raw_text(row)), None, f"{place}: {why}", place=place)


FORMULA = (
    "a formula whose value is not stored in the workbook; open and save it in a spreadsheet"
    " program, or write the value"
)


def _spread(table: Table) -> dict[tuple[int, int], tuple[int, int]]:
    """The cells of merged ranges, with the cell that holds their value. A range that reaches from
    the headers of a row into its dates is the heading of a group, and holds for no one."""
    dated = {column for column, _ in table.headings}
    first, last = min(dated), max(dated)
    rows = set(table.rows)
    spread = {}
    for first_row, first_column, last_row, last_column in table.sheet.merged:
        is_dates = first <= first_column and last_column <= last
        if not is_dates and first_column != last_column:
            continue
        for row in rows.intersection(range(first_row, last_row + 1)):
            for column in range(first_column, last_column + 1):
                spread[row, column] = (first_row, first_column)
    return spread


def _id(text: str) -> str:
    """An id as text: no `.0` of a number, no apostrophe of a spreadsheet."""
    text = text.removeprefix("'")
    return text.partition(".")[0] if WHOLE.fullmatch(text) else text


def _function(text: str | None, is_position: bool) -> str | None:
    if text is None:
        return None
    words = re.findall(r"[^\W_]+", text.casefold())
    for word in ("rtfm", "pic", *FUNCTIONS):
        if word in words:
            return FUNCTIONS[word]
    return None if is_position else text
