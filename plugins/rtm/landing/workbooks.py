"""What the first sheet of a workbook holds: a header row, then records of text cells.

A sheet keeps dates and numbers as such; here they become the text that a csv file would hold.
Rosters, which people draw in many ways, are read in `rosters`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import IO
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import DEFUSEDXML, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from rtm.landing.arrivals import Arrival
from rtm.landing.containers import Record, UnreadableFileError, check_columns
from rtm.sources import Feed, Kind

LARGEST_FILE = 50 << 20
LARGEST_INFLATED = 500 << 20
LONGEST_GAP = 1000
"""Empty rows after which nothing more is expected; a sheet can have a million of them."""

OLD_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How files of old spreadsheet programs begin, and encrypted ones of all."""
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

NO_SHEET = (
    *(InvalidFileException, DefusedXmlException, ParseError, zipfile.BadZipFile),
    *(KeyError, IndexError, ValueError),
)
"""What openpyxl raises for content that is no sheet."""

Cell = str | bool | int | float | date | time | timedelta | None
Row = tuple[int, tuple[Cell, ...]]

assert DEFUSEDXML, "openpyxl must parse with defusedxml"


def workbook_records(arrival: Arrival, content: IO[bytes]) -> Iterator[Record]:
    """The rows of the first sheet that hold something; raises UnreadableFileError."""
    yield from _records(arrival, sheet_rows(content))


def sheet_rows(content: IO[bytes], name: str | None = None) -> Iterator[Row]:
    """The rows of a sheet (the first one) that hold something, with their numbers; raises
    UnreadableFileError."""
    try:
        book = load_workbook(within_limits(content), read_only=True, data_only=True)
        if name is not None and name not in book.sheetnames:
            raise UnreadableFileError(
                f"there is no sheet {name!r}; there are {', '.join(book.sheetnames)[:500]}"
            )
        sheet = book.worksheets[0] if name is None else book[name]
        sheet.reset_dimensions()  # What the file says of its size need not be true.
        yield from _numbered_rows(sheet.iter_rows(values_only=True))
    except UnreadableFileError:
        raise
    except NO_SHEET as error:
        raise UnreadableFileError(f"not a workbook that can be read: {error!r}") from error


def _records(arrival: Arrival, rows: Iterator[tuple[int, tuple[Cell, ...]]]) -> Iterator[Record]:
    _, header = next(rows, (0, ()))
    names = [(cell_text(value) or "").strip().lower() for value in header]
    check_columns(arrival, tuple(name for name in names if name))
    kinds = [_kind(arrival.feed, name) for name in names]
    for number, values in rows:
        texts = [cell_text(value, kind) for value, kind in zip(values, kinds, strict=False)]
        cells = {name: text for name, text in zip(names, texts, strict=False) if name}
        yield Record(number, ";".join(text or "" for text in texts), cells)


def within_limits(content: IO[bytes]) -> io.BytesIO:
    """The file in memory, if it is a workbook that may be unpacked."""
    data = content.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise UnreadableFileError(f"the workbook is larger than {LARGEST_FILE >> 20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            inflated = sum(entry.file_size for entry in packed.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableFileError(_no_workbook(data)) from error
    if inflated > LARGEST_INFLATED:
        raise UnreadableFileError(
            f"the workbook would unpack to {inflated >> 20} MB; at most {LARGEST_INFLATED >> 20}"
        )
    return io.BytesIO(data)


def _no_workbook(data: bytes) -> str:
    """Why a file is none, as far as its first bytes tell."""
    if not data.startswith(OLD_CONTAINER):
        return "not an xlsx workbook; one that a password protects cannot be read either"
    if ENCRYPTED in data:
        return "the workbook is protected by a password; save it without one"
    return "an old workbook (.xls) under the name of a new one; save it as .xlsx"


def _numbered_rows(rows: Iterator[tuple[Cell, ...]]) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    gap = 0
    for number, values in enumerate(rows, start=1):
        if any(value not in (None, "") for value in values):
            gap = 0
            yield number, values
        elif (gap := gap + 1) > LONGEST_GAP:
            return


def _kind(feed: Feed, name: str) -> Kind:
    column = feed.column(name)
    return column.kind if column else Kind.TEXT


def cell_text(value: Cell, kind: Kind = Kind.TEXT) -> str | None:
    """The text that a csv file would hold."""
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if kind is Kind.DATE:
            return value.date().isoformat()
        case datetime() if kind is Kind.CLOCK:
            return value.time().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta() if kind is Kind.CLOCK:
            return (datetime.min.replace(tzinfo=UTC) + value).time().isoformat()
        case timedelta():
            minutes, seconds = divmod(value.total_seconds(), 60)
            return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{int(seconds):02}"
        case _:
            return str(value)
