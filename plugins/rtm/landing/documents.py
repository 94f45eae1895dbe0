"""Files of JSON documents, as vendors' streams and interfaces write them.

A file may hold one document a line, documents one after the other without a break, indented ones,
a list, or an answer that lists them under a name. Each thing becomes one record: the document as it
is, and the values that its rows are found by.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from rtm.landing.containers import BYTE_ORDER_MARK, Record, printable
from rtm.sources import Feed

BODY = "body"
LARGEST_DOCUMENT = 64 << 20
BEGINS = ("{", "[")
ENDS = ("}", "]")

_decoder = json.JSONDecoder()


def document_records(feed: Feed, content: IO[bytes]) -> Iterator[Record]:
    """One record for each thing, numbered from 1 in the order of the file; what is no document,
    or none of this feed, says so and does not keep the others out."""
    number = 0
    for text in _documents(content):
        for record in _records(feed, text):
            number += 1
            yield Record(number, record.raw_text, record.cells, record.error, record.unknown)


def _documents(content: IO[bytes]) -> Iterator[str]:
    """The text of one document after the other; a text that is none is given as it stands."""
    waiting = ""
    for line in content:
        text = line.removeprefix(BYTE_ORDER_MARK).decode("utf-8", errors="surrogateescape")
        if waiting and text.startswith(BEGINS) and not waiting.lstrip().startswith("["):
            # A document begins: the one before it was cut off.
            yield waiting
            waiting = ""
        waiting += text
        if len(waiting) > LARGEST_DOCUMENT:
            yield waiting
            waiting = ""
        elif waiting == text or text.startswith(ENDS):
            # Only here can an indented document end; to try after every line would take its square.
            found, waiting = _complete(waiting)
            yield from found
    if waiting.strip():
        yield waiting


def _complete(text: str) -> tuple[list[str], str]:
    """The complete documents at the start of the text, and what is left."""
    found: list[str] = []
    place = 0
    while True:
        while place < len(text) and text[place].isspace():
            place += 1
        if place == len(text):
            return found, ""
        if text[place] not in BEGINS:
            return [*found, text[place:]], ""
        try:
            _, end = _decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return found, text[place:]
        found.append(text[place:end])
        place = end


def _records(feed: Feed, text: str) -> Iterator[Record]:
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        yield Record(0, printable(text), None, f"not a JSON document: {error}")
        return
    things = _things(feed, document)
    for thing in things:
        alone = text if thing is document else json.dumps(thing, ensure_ascii=False)
        yield _record(feed, thing, alone.strip())


def _things(feed: Feed, document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    if feed.listed_in and isinstance(document, dict) and feed.listed_in in document:
        listed = document[feed.listed_in]
        return listed if isinstance(listed, list) else [listed]
    return [document]


def _record(feed: Feed, thing: Any, text: str) -> Record:
    if not isinstance(thing, dict):
        return Record(0, printable(text), None, "the document is no JSON object")
    try:
        # PostgreSQL keeps neither NULs nor halves of characters, written as escapes or not.
        values = json.dumps(thing, ensure_ascii=False)
        values.encode("utf-8")
        text.encode("utf-8")
    except UnicodeEncodeError:
        return Record(0, printable(text), None, "the document is not UTF-8 text")
    if "\\u0000" in values:
        return Record(0, printable(text), None, "the document holds NUL characters")
    cells: dict[str, str | None] = {BODY: text}
    for column in feed.columns:
        if column.path:
            cells[column.name] = _value(thing, column.path)
    return Record(0, text, cells, unknown=frozenset(thing.keys() - feed.known_fields))


def _value(thing: Any, path: tuple[str, ...]) -> str | None:
    """The plain value at the end of the path, as JSON writes it; None where there is none."""
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    match thing:
        case None | "" | dict() | list():
            return None
        case bool():
            return "true" if thing else "false"
        case _:
            return str(thing)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")
