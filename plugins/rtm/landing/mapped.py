"""Files of a source that a mapping describes: their rows under the names of their own header.

What the cells mean is told by the mapping (`rtm.sources.mapping`), not here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from rtm.landing.arrivals import Arrival
from rtm.landing.containers import (
    LONGEST_HEADER,
    Record,
    Table,
    UnreadableFileError,
    container,
    json_records,
    text_records,
    unpacked,
)
from rtm.sources.mapping.cells import CellError, MappedFeed

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Converted:
    """A record of the export, and what the mapping makes of it."""

    record: Record
    cells: dict[str, str | None] | None
    """Under canonical names; None where the record, or one of its cells, cannot be read."""
    error: str | None


def converted(feed: MappedFeed, records: Iterable[Record]) -> Iterator[Converted]:
    """Each record with its canonical cells, or why there are none."""
    # The export's names are found whatever their case.
    needed = {name.casefold(): name for name in feed.needed_columns}
    for record in records:
        if record.cells is None:
            yield Converted(record, None, record.error or "")
            continue
        found = {
            needed[name.casefold()]: cell
            for name, cell in record.cells.items()
            if name.casefold() in needed
        }
        try:
            yield Converted(record, feed.canonical(found), None)
        except CellError as error:
            yield Converted(record, None, str(error))


def mapped_records(arrival: Arrival, feed: MappedFeed) -> Iterator[Record]:
    """The records of a file, their cells as delivered; raises UnreadableFileError."""
    with unpacked(arrival) as content:
        match container(arrival):
            case "jsonl":
                yield from json_records(content, as_written=True)
            case "workbook":
                yield from _sheet_records(feed, content)
            case _:
                yield from _text_records(feed, content)


def _text_records(feed: MappedFeed, content: IO[bytes]) -> Iterator[Record]:
    encoding = "utf-8-sig" if feed.dialect.encoding == "utf-8" else feed.dialect.encoding
    text = io.TextIOWrapper(content, encoding, errors="surrogateescape", newline="")
    try:
        number, header = _header_line(feed, text)
        delimiter = feed.dialect.delimiter or max(DELIMITERS, key=header.count)
        names = next(csv.reader([header], delimiter=delimiter, strict=True))
    except (csv.Error, UnicodeError) as error:
        raise UnreadableFileError(
            f"the header cannot be read as {feed.dialect.encoding} text: {error}"
        ) from error
    if any("\udc80" <= character <= "\udcff" for character in header) or "\0" in header:
        raise UnreadableFileError(f"the header is not {feed.dialect.encoding} text")
    columns = _columns(feed, names)
    table = Table(columns, delimiter, encoding=feed.dialect.encoding)
    yield from text_records(table, text, number)


def _header_line(feed: MappedFeed, text: io.TextIOWrapper) -> tuple[int, str]:
    number, wanted = 0, feed.dialect.header_row
    while line := text.readline(LONGEST_HEADER):
        number += 1
        if number == wanted or (wanted is None and line.strip()):
            return number, line
    raise UnreadableFileError(
        f"the file ends before its header, row {wanted}" if wanted else "the file is empty"
    )


def _sheet_records(feed: MappedFeed, content: IO[bytes]) -> Iterator[Record]:
    # Not at the top: few files are workbooks, and openpyxl is slow to import.
    from rtm.landing.workbooks import cell_text, sheet_rows

    columns: tuple[str, ...] | None = None
    wanted = feed.dialect.header_row
    for number, values in sheet_rows(content, feed.dialect.sheet):
        texts = [cell_text(value) for value in values]
        if columns is not None:
            names = [*columns, *(f"#{n + 1}" for n in range(len(columns), len(texts)))]
            cells = dict(zip(names, texts, strict=False))
            yield Record(number, ";".join(text or "" for text in texts), cells)
        elif wanted is None or number == wanted:
            columns = _columns(feed, [text or "" for text in texts])
    if columns is None:
        raise UnreadableFileError(f"the sheet has no header in row {wanted or 1}")


def _columns(feed: MappedFeed, names: list[str]) -> tuple[str, ...]:
    """The names of a header; one without a name, or with that of another column, gets its number.

    Raises UnreadableFileError where a column that the mapping names is missing or stands twice.
    """
    stripped = [name.strip() for name in names]
    folded = [name.casefold() for name in stripped]
    needed = {name.casefold(): name for name in feed.needed_columns}
    twice = [name for fold, name in needed.items() if folded.count(fold) > 1]
    if twice:
        raise UnreadableFileError(f"columns appear twice in the header: {', '.join(twice)}")
    missing = [name for fold, name in needed.items() if fold not in folded]
    if missing:
        raise UnreadableFileError(
            f"missing columns: {', '.join(missing)}; the header has: {', '.join(stripped)[:500]}"
        )
    return tuple(
        name if name and folded.index(fold) == place else f"#{place + 1}"
        for place, (name, fold) in enumerate(zip(stripped, folded, strict=True))
    )
