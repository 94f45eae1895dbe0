"""Finds the tables of a sheet: a column of ids beside columns of dates, with a title above.

Which columns are meant is told by their headers; how a row reads is told in `matrix`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from rtm.landing.rosters.days import Day, longest_run, parse_day
from rtm.landing.rosters.sheets import Sheet, text_of

ID_HEADERS = (
    *("agent id", "id agent", "kode agent", "agent code", "nik karyawan", "nik", "nip", "npk"),
    *("nrp", "nomor induk", "no induk", "nomor induk karyawan", "employee id", "emp id"),
    *("id karyawan", "id pegawai", "employee number", "employee no", "login id", "user id", "id"),
)
"""Of several in one header, the one that comes first here."""
NAME_HEADERS = (
    *("nama", "name", "nama agent", "agent name", "nama karyawan", "nama lengkap", "full name"),
    *("employee name", "nama pegawai", "agent"),
)
FUNCTION_HEADERS = ("function", "fungsi")
POSITION_HEADERS = ("jabatan", "posisi", "position", "role", "peran")
"""Tell a function where it is one, and may tell anything else."""
SERVICE_HEADERS = (
    *("service code", "kode layanan", "service", "layanan", "proyek", "project", "kode cabang"),
)
HEADER_HEIGHT = 2
"""Rows between the headers of ids and those of dates, at most."""
FEWEST_DATES_WITHOUT_ID = 3

Headings = list[tuple[int, Day]]


@dataclass
class Table:
    """Rows of people below a row of dates."""

    sheet: Sheet
    header_rows: tuple[int, int]
    """The first and the last."""
    date_row: int
    headings: Headings
    id_column: int | None
    """None where dates and names have no id beside them."""
    name_column: int | None = None
    function_column: int | None = None
    is_position: bool = False
    """The function is told by a column of positions."""
    service_column: int | None = None
    rows: list[int] = field(default_factory=list)
    title_rows: list[int] = field(default_factory=list)
    beside: int | None = None
    """A second column of ids to the right of the dates: two tables in the same rows."""

    @property
    def weekdays(self) -> dict[int, str]:
        """The cells above and below the dates, of whichever row names days of the week."""
        near = range(self.header_rows[0] - 1, self.header_rows[1] + 2)
        rows = [
            {c: text for c, _ in self.headings if (text := self.sheet.text(row, c))}
            for row in near
            if row != self.date_row
        ]
        return max(rows, key=lambda cells: sum(t.isalpha() for t in cells.values()), default={})


@lru_cache(maxsize=10_000)
def header_name(text: str | None) -> str:
    """A header as it is looked for: lower case, one space between words."""
    return " ".join(re.split(r"[\W_]+", (text or "").casefold())).strip()


def find_tables(sheet: Sheet) -> list[Table]:
    """The tables of a sheet from top to bottom."""
    tables = list(_headed(sheet))
    if not tables:
        return []
    order = sorted(sheet.rows)
    above = 0
    for table, following in zip(tables, [*tables[1:], None], strict=True):
        first, last = table.header_rows
        end = following.header_rows[0] if following else order[-1] + 1
        table.rows = [row for row in order if last < row < end]
        table.title_rows = [
            row for row in order if above < row < first and not (above and _has_id(tables[0], row))
        ]
        above = last
    return tables


def _has_id(table: Table, row: int) -> bool:
    return table.id_column is not None and table.sheet.text(row, table.id_column) is not None


def _dates(sheet: Sheet, row: int) -> Headings:
    days = [(c, day) for c, value in sheet.rows[row].items() if (day := parse_day(value))]
    return longest_run(sorted(days, key=lambda heading: heading[0])) if days else []


def _headed(sheet: Sheet) -> Iterator[Table]:
    """A table for each row of dates that has headers near it."""
    taken = 0
    named = {}
    for row, cells in sheet.rows.items():
        headers = {c: header_name(text_of(value)) for c, value in cells.items()}
        if any(name in (*ID_HEADERS, *NAME_HEADERS) for name in headers.values()):
            named[row] = headers
    near_headers = {r for row in named for r in range(row - HEADER_HEIGHT, row + HEADER_HEIGHT + 1)}
    runs = {r: run for r in near_headers & sheet.rows.keys() if (run := _dates(sheet, r))}
    for row in sorted(named):
        if row <= taken:
            continue
        near = [r for r in range(row - HEADER_HEIGHT, row + HEADER_HEIGHT + 1) if r in runs]
        near = [r for r in near if r > taken]
        if not near:
            continue
        date_row = max(near, key=lambda r: (len(runs[r]), -abs(r - row)))
        headers = {}
        for r in range(min(row, date_row), max(row, date_row) + 1):
            headers |= named.get(r, {}) | {
                c: name for c, name in headers.items() if name in ID_HEADERS
            }
        table = _table(sheet, (min(row, date_row), max(row, date_row)), date_row, runs, headers)
        if table:
            taken = table.header_rows[1]
            yield table


def _table(
    sheet: Sheet,
    header_rows: tuple[int, int],
    date_row: int,
    runs: dict[int, Headings],
    headers: dict[int, str],
) -> Table | None:
    headings = runs[date_row]
    dated = {column for column, _ in headings}
    first = min(dated)
    left = {
        name: column
        for column, name in sorted(headers.items(), reverse=True)
        # A colon says that the cell behind it is meant, not those below.
        if column not in dated and not _is_label(sheet, header_rows, column)
    }
    ids = [left[name] for name in ID_HEADERS if name in left and left[name] < first]
    id_column = _first_of(left, ID_HEADERS) if not ids else ids[0]
    name_column = _first_of(left, NAME_HEADERS)
    if id_column is None and (name_column is None or len(headings) < FEWEST_DATES_WITHOUT_ID):
        return None
    function = _first_of(left, FUNCTION_HEADERS)
    beside = [c for c, name in headers.items() if name in ID_HEADERS and c > first and ids]
    return Table(
        sheet,
        header_rows,
        date_row,
        headings,
        id_column,
        name_column,
        function if function is not None else _first_of(left, POSITION_HEADERS),
        function is None,
        _first_of(left, SERVICE_HEADERS),
        beside=beside[0] if beside else None,
    )


def _is_label(sheet: Sheet, rows: tuple[int, int], column: int) -> bool:
    return any((sheet.text(row, column) or "").endswith(":") for row in rows)


def _first_of(columns: dict[str, int], names: tuple[str, ...]) -> int | None:
    return next((columns[name] for name in names if name in columns), None)
