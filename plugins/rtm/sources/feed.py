"""What a feed is: its columns, what a readable cell looks like, and what makes two rows one thing.

No reading or loading happens here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a cell may hold. Cells are stored as delivered; the kind only decides readability."""

    TEXT = "text"
    INSTANT = "instant"
    DATE = "date"
    CLOCK = "clock"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    ZONE = "zone"
    OPENING_HOURS = "opening_hours"
    KPI = "kpi"
    COMPACT_DATE = "compact_date"
    """yymmdd."""
    ELAPSED_CLOCK = "elapsed_clock"
    """H:MM:SS since midnight; 24:00:00 and later is the next day."""
    LOG_TIME = "log_time"
    """Unix seconds, or a date and time."""
    MOMENT = "moment"
    """Unix seconds or milliseconds, or a date and time, which may end in UTC."""
    DOCUMENT = "document"
    """A whole JSON document."""


PLACE = "_place"
"""The column of a roster's table that says in which cell of a workbook an entry stands."""
READ_AS = "_layout"
"""The one that says how its file was laid out; null for the long form of the contract."""


class Layout(StrEnum):
    """How the rows of a file are told apart, and their cells."""

    TABLE = "table"
    """A header, then the cells under it; or JSON objects of plain values."""
    LOG = "log"
    """Lines without a header: the cells in the order of the columns, of which a line may end before
    the last one; the last one takes all that is left. A file with a header is read as a table."""
    DOCUMENTS = "documents"
    """JSON documents of any depth, one after the other or in lists. Each is kept whole in the
    column `body`; the other columns repeat what rows are found by."""


class Role(StrEnum):
    """How deliveries of one thing relate to each other."""

    REFERENCE = "reference"
    """One row per key: the latest delivery holds."""
    RECORD = "record"
    """Every different version is kept; the models choose the one that holds."""
    ROSTER = "roster"
    """Every delivered file is a version of its own, for the gate to judge."""


@dataclass(frozen=True)
class Column:
    name: str
    """As in the header, which may hold characters that a database name should not."""
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    """The values that the models give a meaning to; rows with others are kept, and reported."""
    path: tuple[str, ...] = ()
    """Of documents: the names that lead to the value."""
    or_paths: tuple[tuple[str, ...], ...] = ()
    """Of documents of several kinds: where else the value may stand; the first one found holds."""

    @property
    def sql_name(self) -> str:
        return re.sub(r"\W+", "_", self.name)


@dataclass(frozen=True)
class Feed:
    name: str
    columns: tuple[Column, ...]
    role: Role
    key: tuple[str, ...]
    """SQL expressions over the columns that tell which thing a row is about."""
    found_by: tuple[str, ...] = ()
    """SQL expressions by which the models look up rows as well, other than by the key."""
    versions_of: str | None = None
    """Reference feeds whose every version is kept, for the models to choose from: the column that
    names the thing. The key then tells apart versions."""
    keeps_deliveries: bool = False
    """Reference feeds of which the models tell the history: every delivery that says something else
    than the one before it is kept. No column of the key may be empty."""
    service_column: str | None = None
    """The column whose service must be known before the row is taken in."""
    layout: Layout = Layout.TABLE
    listed_in: str | None = None
    """Of documents: the name under which one holds a list of those that are meant."""
    known_fields: frozenset[str] = frozenset()
    """Of documents: the outermost names that the vendor describes; others are reported."""
    delimiters: str = ",;"
    suffixes: tuple[str, ...] = (".csv", ".jsonl", ".xlsx")
    """Endings of file names; an empty one stands for any name."""
    dense_in: str | None = None
    """Record feeds with very many rows: the column that grows with time. Rows are then found again
    by the loads that hold their time, which costs a load less than an index on their key."""

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def lands_in(self) -> str:
        """The feed in whose tables the rows end: itself, but for a mapping."""
        return self.name

    @property
    def table(self) -> str:
        return f"raw.{self.lands_in}"

    @property
    def delivery_table(self) -> str:
        """Where the deliveries of a feed that keeps them are."""
        return f"{self.table}_delivery"

    @property
    def column_names(self) -> list[str]:
        return [column.sql_name for column in self.columns]

    @property
    def stored_names(self) -> list[str]:
        """The columns of its table that say what a row is: those that are delivered, and of a
        roster what its reader found out."""
        is_roster = self.role is Role.ROSTER
        return [*self.column_names, *((PLACE, READ_AS) if is_roster else ())]
