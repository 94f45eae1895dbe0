"""How a cell of a site's export becomes a cell of a canonical feed.

What is put out is in the notations of the contract; whether it is readable is checked after, by
landing, as for every other feed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from rtm.sources.feed import Column, Feed, Kind

NAME = "[a-z0-9][a-z0-9_-]{0,62}"
"""Of a source, which is that of a folder."""
SUFFIXES = (".csv", ".txt", ".tsv", ".jsonl", ".xlsx")
"""Endings of the files that a mapping may describe."""
UNITS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "min": Decimal(60),
    "h": Decimal(3600),
}
CLOCK_UNIT = "h:m:s"
UNIX_TIMES = {"unix": 1, "unix_ms": 1000}

# Of a sheet: a date cell, which has a time of its own, and which a time cell may follow.
SHEET_DATE = re.compile(r"^(\d{4}-\d{2}-\d{2})T00:00:00$")
SHEET_INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$")
NAMED_MONTH = re.compile(r"%[bB]")
MONTHS = {
    "januari": "January",
    "februari": "February",
    "pebruari": "February",
    "maret": "March",
    "mei": "May",
    "juni": "June",
    "juli": "July",
    "agustus": "August",
    "agu": "Aug",
    "agt": "Aug",
    "ags": "Aug",
    "oktober": "October",
    "okt": "Oct",
    "nopember": "November",
    "nop": "Nov",
    "desember": "December",
    "des": "Dec",
}


class CellError(ValueError):
    """A cell that the mapping gives no meaning to; the message names the canonical column."""


@dataclass(frozen=True)
class Dialect:
    """How the files of a mapping are written."""

    delimiter: str | None = None
    """None: whichever of comma, semicolon, tab and bar the header has most of."""
    encoding: str = "utf-8"
    sheet: str | None = None
    header_row: int | None = None
    """None: the first row that holds something."""


@dataclass(frozen=True)
class MappedCell:
    """Where the cells of one canonical column come from."""

    column: Column
    columns: tuple[str, ...] = ()
    """As in the export's header; several are joined with a blank."""
    value: str | None = None
    """Of every row, where no column is named."""
    values: Mapping[str, str | None] | None = None
    otherwise: str | None = None
    has_otherwise: bool = False
    unit: str | None = None
    time_format: str | None = None
    zone: str | None = None

    def convert(self, cells: Mapping[str, str | None]) -> str | None:
        """The canonical cell of a row; raises CellError."""
        if not self.columns:
            return self.value
        parts = [(cells.get(name) or "").strip() for name in self.columns]
        if len(parts) > 1:
            parts = [SHEET_DATE.sub(r"\1", part) for part in parts]
            if self.column.kind is Kind.INSTANT and not all(parts):
                return None  # A date without its time tells of no moment.
        cell = " ".join(part for part in parts if part)
        if self.values is not None:
            return self._mapped(cell)
        if not cell:
            return None
        match self.column.kind:
            case Kind.INSTANT:
                return self._instant(cell)
            case Kind.DATE:
                return self._moment(cell).date().isoformat() if self.time_format else cell
            case Kind.NUMBER if self.unit:
                return self._number(cell)
            case _:
                return cell

    def _mapped(self, cell: str) -> str | None:
        assert self.values is not None
        known = {key.casefold(): value for key, value in self.values.items()}
        if cell.casefold() in known:
            return known[cell.casefold()]
        if not cell:
            return None
        if self.has_otherwise:
            return self.otherwise
        raise self._error(cell, "is not one of the values that the mapping lists")

    def _instant(self, cell: str) -> str:
        if not self.time_format and not self.zone:
            return cell
        moment = self._moment(cell)
        if moment.tzinfo is None and self.zone:
            moment = moment.replace(tzinfo=ZoneInfo(self.zone))
        return moment.isoformat()

    def _moment(self, cell: str) -> datetime:
        """The date and time in a cell. A sheet's own dates arrive in ISO 8601, whatever the format
        of those that are written as text."""
        try:
            if self.time_format in UNIX_TIMES:
                since = float(cell.replace(",", ".")) / UNIX_TIMES[self.time_format]
                return datetime.fromtimestamp(since, UTC)
            if self.time_format and not SHEET_INSTANT.match(cell):
                if NAMED_MONTH.search(self.time_format):
                    cell = re.sub(r"[^\W\d_]+", lambda m: MONTHS.get(m[0].lower(), m[0]), cell)
                return datetime.strptime(cell, self.time_format)  # noqa: DTZ007 (may be local)
            return datetime.fromisoformat(cell)
        except (ValueError, OverflowError, OSError):
            told = self.time_format or "2026-11-22T08:00:00"
            raise self._error(cell, f"is not a time such as {told}") from None

    def _number(self, cell: str) -> str:
        assert self.unit is not None
        try:
            if self.unit == CLOCK_UNIT:
                seconds = _clock_seconds(cell)
            else:
                seconds = Decimal(cell.replace(",", ".")) * UNITS[self.unit]
            number = seconds / 60 if "_min" in self.column.name else seconds
            if not number.is_finite():
                raise ValueError
            return f"{number:f}"
        except (ValueError, InvalidOperation):
            raise self._error(cell, f"is not a duration in {self.unit}") from None

    def _error(self, cell: str, why: str) -> CellError:
        origin = ", ".join(self.columns)
        return CellError(f"{self.column.name}: {_quoted(cell)} {why} (column {origin})")


def _clock_seconds(cell: str) -> Decimal:
    """Of `1:02:03`, or `2:03` minutes and seconds."""
    if not re.fullmatch(r"(?:\d+:)?\d+:[0-5]?\d(?:[.,]\d+)?", cell):
        raise ValueError(cell)
    seconds = Decimal(0)
    for part in cell.replace(",", ".").split(":"):
        seconds = seconds * 60 + Decimal(part)
    return seconds


def _quoted(cell: str) -> str:
    return "'" + cell.replace("'", "''") + "'"


@dataclass(frozen=True)
class MappedFeed(Feed):
    """The feed of a mapping: it lands under its own name, in the tables of a canonical feed."""

    target: str = ""
    cells: tuple[MappedCell, ...] = ()
    dialect: Dialect = field(default_factory=Dialect)
    unused: frozenset[str] = frozenset()
    """Columns of the export that are known to have no use, in lower case."""
    digest: str = ""
    """Of the mapping file: a file that another mapping has read is worth reading again."""

    @property
    def lands_in(self) -> str:
        return self.target

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """The columns of the export, each once, in the order of the mapping."""
        return tuple(dict.fromkeys(name for cell in self.cells for name in cell.columns))

    def canonical(self, cells: Mapping[str, str | None]) -> dict[str, str | None]:
        """The cells of a row under their canonical names; raises CellError at the first that
        cannot be converted."""
        return {cell.column.name: cell.convert(cells) for cell in self.cells}
