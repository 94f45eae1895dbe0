"""What a delivered file looks like from outside: packed or not, delimited text or JSON lines.

A container yields a header and records of text cells. It knows nothing of feeds' meaning; sheets
are in `workbooks`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from rtm.landing.arrivals import Arrival
from rtm.sources import Feed, Layout

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LOG_DELIMITER = "|"
LONGEST_HEADER = 1 << 20
LONGEST_CELL = 1 << 20
LONGEST_RECORD = 100
"""Lines that a cell with line breaks may have; behind an open quote there is no end to them."""


class UnreadableFileError(ValueError):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True)
class Record:
    """One record of a file: its cells under the file's own column names, or why there are none."""

    number: int
    """As a spreadsheet counts: the header is row 1. In JSON lines, the line."""
    raw_text: str
    cells: dict[str, str | None] | None
    error: str | None = None
    unknown: frozenset[str] = frozenset()
    """Names in a document that its feed does not describe."""
    place: str | None = None
    """Of a roster: the cell in which the entry stands, `Juni!F12`."""


@dataclass(frozen=True)
class Table:
    """A delimited file: its columns, how cells are separated."""

    columns: tuple[str, ...]
    delimiter: str
    has_header: bool = True
    encoding: str = "utf-8"


def container(arrival: Arrival) -> str:
    """The kind of container by the file's ending; raises UnreadableFileError for any other."""
    name = arrival.name.lower().removesuffix(".gz")
    if arrival.feed.layout is Layout.DOCUMENTS:
        return "documents"
    for suffix in arrival.feed.suffixes:
        if name.endswith(suffix):
            return {".jsonl": "jsonl", ".xlsx": "workbook"}.get(suffix, "delimited")
    raise UnreadableFileError(
        f"the ending of {arrival.name!r} is not one that this feed reads: "
        + ", ".join(f"{suffix}[.gz]" for suffix in arrival.feed.suffixes)
    )


def is_packed(arrival: Arrival) -> bool:
    return arrival.name.lower().endswith(".gz")


@contextmanager
def unpacked(arrival: Arrival) -> Iterator[IO[bytes]]:
    """The file's content as bytes, from where it is to be read; inflated if it ends in .gz."""
    try:
        with arrival.open() as handle:
            if is_packed(arrival):
                with gzip.open(handle) as inflated:
                    yield inflated  # type: ignore[misc]
            else:
                handle.seek(arrival.starts_at)
                yield handle
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableFileError(f"the packed content is damaged or cut off: {error}") from error


def read_header(arrival: Arrival, content: IO[bytes]) -> Table:
    """The header of a delimited file; leaves `content` at the first record.

    A log begins with its first record: its columns are those of the feed.
    """
    if arrival.feed.layout is Layout.LOG and not _has_header(arrival.feed, content):
        return Table(tuple(c.name for c in arrival.feed.columns), LOG_DELIMITER, has_header=False)
    line = content.readline(LONGEST_HEADER)
    if not line.strip():
        raise UnreadableFileError("the file is empty: not even a header")
    if b"\0" in line:
        raise UnreadableFileError("the file is not UTF-8 text (it holds NUL bytes)")
    try:
        text = line.removeprefix(BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"the header is not UTF-8 text: {error}") from error
    delimiter = max(arrival.feed.delimiters, key=text.count)
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UnreadableFileError(
            f"the header cannot be read as delimited text: {error}"
        ) from error
    names = tuple(name.strip().lower() for name in cells)
    check_columns(arrival, names)
    return Table(names, delimiter)


def _has_header(feed: Feed, content: IO[bytes]) -> bool:
    """Whether a log comes as a table: its first line names the columns that every row needs."""
    begins_at = content.tell()
    line = content.readline(LONGEST_HEADER).removeprefix(BYTE_ORDER_MARK)
    content.seek(begins_at)
    names = {name.strip(b' "').lower() for name in re.split(rb"[,;\t]", line.rstrip(b"\r\n"))}
    return {column.name.encode() for column in feed.columns if column.required} <= names


def check_columns(arrival: Arrival, names: tuple[str, ...]) -> None:
    """Raises UnreadableFileError for a header that lacks columns or has one twice."""
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise UnreadableFileError(
            f"columns appear twice in the header: {', '.join(sorted(repeated))}"
        )
    missing = [c.name for c in arrival.feed.columns if c.required and c.name not in names]
    if missing:
        raise UnreadableFileError(
            f"missing columns: {', '.join(missing)}; the header has: {', '.join(names)[:500]}"
        )


def delimited_records(table: Table, content: IO[bytes]) -> Iterator[Record]:
    """The records after the header, one by one; a record that cannot be read says so.

    A quote that nothing closes takes in the lines behind it. Such a record is taken for its first
    line alone, and the lines behind it are read as records of their own.
    """
    yield from text_records(
        table, io.TextIOWrapper(content, "utf-8", errors="surrogateescape", newline=""), 1
    )


def text_records(table: Table, text: Iterator[str], header_row: int) -> Iterator[Record]:
    """The same of a text that stands behind its header."""
    csv.field_size_limit(LONGEST_CELL)
    lines = _Lines(text)
    number = header_row
    while True:
        number += 1
        lines.taken.clear()
        try:
            cells = next(csv.reader(lines, delimiter=table.delimiter, strict=True))
            if not cells:
                continue
            record = _delimited_record(number, "".join(lines.taken).rstrip("\r\n"), cells, table)
        except StopIteration:
            return
        except csv.Error as error:
            record = Record(number, printable("".join(lines.taken)), None, str(error))
        if record.error and len(lines.taken) > 1:
            first = lines.taken[0]
            lines.give_back(lines.taken[1:])
            why = f"a quote is not closed, or stands within a cell ({record.error})"
            record = Record(number, printable(first), None, why)
        yield record


class _Lines:
    """The lines of a text, which remembers those of the current record and takes lines back."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._returned: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else next(self._text)
        self.taken.append(line)
        if len(self.taken) > LONGEST_RECORD:
            raise csv.Error(f"the record goes on for more than {LONGEST_RECORD} lines")
        return line

    def give_back(self, lines: list[str]) -> None:
        self._returned += reversed(lines)


def _delimited_record(number: int, raw_text: str, cells: list[str], table: Table) -> Record:
    if "\0" in raw_text:
        return Record(number, printable(raw_text), None, "the row holds NUL bytes")
    if any("\udc80" <= character <= "\udcff" for character in raw_text):
        return Record(
            number, printable(raw_text), None, f"the row is not {table.encoding.upper()} text"
        )
    if len(cells) != len(table.columns):
        error = f"the row has {len(cells)} cells, the header {len(table.columns)}"
        return Record(number, raw_text, None, error)
    named = {name: cell or None for name, cell in zip(table.columns, cells, strict=True)}
    return Record(number, raw_text, named)


def log_records(table: Table, content: IO[bytes], lines_before: int) -> Iterator[Record]:
    """The lines of a log, each cut at its delimiters into at most as many cells as there are
    columns; nothing is quoted."""
    last = len(table.columns) - 1
    for number, line in enumerate(content, start=lines_before + 1):
        if not line.strip():
            continue
        try:
            raw_text = line.rstrip(b"\r\n").decode("utf-8")
        except UnicodeDecodeError:
            raw_text = line.decode("utf-8", errors="surrogateescape")
            yield Record(number, printable(raw_text), None, "the line is not UTF-8 text")
            continue
        if "\0" in raw_text:
            yield Record(number, printable(raw_text), None, "the line holds NUL bytes")
            continue
        cells = raw_text.split(table.delimiter, last)
        yield Record(
            number,
            raw_text,
            {name: cell or None for name, cell in zip(table.columns, cells, strict=False)},
        )


def json_records(content: IO[bytes], as_written: bool = False) -> Iterator[Record]:
    """One JSON object a line, its values as text; nested values are not cells.

    `as_written`: the names as well, otherwise in lower case.
    """
    for number, line in enumerate(content, start=1):
        if not line.strip():
            continue
        raw_text = printable(line.decode("utf-8", errors="surrogateescape").rstrip("\r\n"))
        try:
            value = json.loads(line, parse_float=str, parse_int=str, parse_constant=_refuse)
            yield Record(number, raw_text, _json_cells(value, as_written))
        except (ValueError, RecursionError) as error:
            yield Record(number, raw_text, None, f"not a JSON object of plain values: {error}")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _json_cells(value: object, as_written: bool) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise ValueError("the line holds no object")
    cells: dict[str, str | None] = {}
    for name, cell in value.items():
        if isinstance(cell, dict | list):
            raise ValueError(f"{name} holds a nested value")
        if isinstance(cell, bool):
            cell = "true" if cell else "false"
        if cell is not None and "\0" in cell:
            raise ValueError(f"{name} holds a NUL character")
        if cell is not None:
            cell.encode("utf-8")
        cells[name.strip() if as_written else name.strip().lower()] = cell or None
    return cells


def printable(text: str) -> str:
    """Text that can be stored: bytes that are not UTF-8, and NULs, as escapes."""
    escaped = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return escaped.replace("\0", "\\x00").rstrip("\r\n")
