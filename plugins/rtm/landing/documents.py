"""Files of JSON documents, as vendors' streams and interfaces write them.

A file may hold one document a line, documents one after the other without a break, indented ones,
a list, or an answer that lists them under a name. Each thing becomes one record: the document as it
is, and the values that its rows are found by.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from typing import IO, Any

from rtm.landing.containers import BYTE_ORDER_MARK, Record, printable
from rtm.sources import Feed

BODY = "body"
LARGEST_DOCUMENT = 64 << 20
BEGINS = ("{", "[")
SEPARATORS = " \t\r\n,]}"
TRIES = 8
"""How many times its length a text that is no document is read at most, to find those within."""

_decoder = json.JSONDecoder()
_token = re.compile(r'"(?:[^"\\\n]|\\.)*"|["{}\[\]]')
_begins_line = re.compile(r"^([ \t]*)[{\[]", re.MULTILINE)


def document_records(feed: Feed, content: IO[bytes]) -> Iterator[Record]:
    """One record for each thing, numbered from 1 in the order of the file; what is no document,
    or none of this feed, says so and does not keep the others out."""
    number = 0
    for text in _Documents(feed.listed_in).split(content):
        for record in _records(feed, text):
            number += 1
            yield Record(number, record.raw_text, record.cells, record.error, record.unknown)


class _Documents:
    """Tells documents apart. A text that is none is given as it stands, as little of it as can be:
    what a document within it would be is told by the brackets that are open."""

    def __init__(self, listed_in: str | None) -> None:
        self._list = re.compile(
            rf'\s*(?:\[|\{{[^\[\]]*"{re.escape(listed_in)}"\s*:\s*\[)' if listed_in else r"\s*\["
        )
        self._waiting: list[str] = []
        self._size = 0
        self._open: list[str] = []
        self._is_broken = False
        self._level: int | None = None
        """Where something was broken: how far what follows it may be indented and be a document,
        and not a piece of the broken one."""

    def split(self, content: IO[bytes]) -> Iterator[str]:
        for line in content:
            text = line.removeprefix(BYTE_ORDER_MARK).decode("utf-8", errors="surrogateescape")
            if self._waiting and self._begins_anew(text):
                yield from self._give_up()
            if self._waiting:
                self._wait(text)
            else:
                found, rest = self._complete(text)
                yield from found
                if rest:
                    self._wait(rest)
            if not self._open and not self._is_broken and self._is_document():
                found, rest = self._complete("".join(self._waiting))
                self._forget()
                yield from found
                if rest:
                    self._wait(rest)
                    self._is_broken |= self._is_document()
            if self._is_broken or self._size > LARGEST_DOCUMENT:
                yield from self._give_up()
        yield from self._give_up()

    def _begins_anew(self, line: str) -> bool:
        """Whether a document begins with the line that cannot belong to the one before it."""
        begins = _begins_line.match(line)
        if not begins:
            return False
        if not self._open:
            return self._level is None or len(begins[1]) <= self._level
        last = next((text[-1] for line in reversed(self._waiting) if (text := line.rstrip())), "")
        return last not in ("[,", ":")[self._open[-1] == "{"]

    def _wait(self, text: str) -> None:
        self._waiting.append(text)
        self._size += len(text)
        for token in _token.finditer(text):
            match token[0]:
                case "{" | "[":
                    self._open.append(token[0])
                case "}" | "]":
                    opened = self._open.pop() if self._open else ""
                    self._is_broken |= opened + token[0] not in ("{}", "[]")
                case '"':
                    # No text goes on in the next line: it was cut off.
                    self._is_broken = True

    def _is_document(self) -> bool:
        return bool(self._waiting) and self._waiting[0].lstrip().startswith(BEGINS)

    def _forget(self) -> None:
        self._waiting, self._size, self._open, self._is_broken = [], 0, [], False

    def _complete(self, text: str) -> tuple[list[str], str]:
        """The complete documents at the start of the text, and what is left."""
        found: list[str] = []
        place = 0
        skipped = string.whitespace if self._level is None else SEPARATORS
        while True:
            while place < len(text) and text[place] in skipped:
                place += 1
            if place == len(text):
                return found, ""
            if text[place] not in BEGINS:
                rest = text[place:]
                return ([*found, rest], "") if self._level is None else (found, rest)
            try:
                _, end = _decoder.raw_decode(text, place)
            except (ValueError, RecursionError):
                return found, text[place:]
            found.append(text[place:end])
            place = end

    def _give_up(self) -> Iterator[str]:
        """The documents within what waits, and between them what is none."""
        text = "".join(self._waiting)
        self._forget()
        if not text.strip():
            return
        opened = self._list.match(text)
        place = opened.end() if opened else 0
        first = _begins_line.search(text, place) if opened else _begins_line.match(text)
        if self._level is None:
            self._level = len(first[1]) if first else 0
        bad_from = place
        is_told = not opened or len(text) > LARGEST_DOCUMENT
        tries = TRIES * len(text)
        while place < len(text):
            if opened or place:
                while place < len(text) and text[place] in SEPARATORS:
                    is_told |= text[place] == "]"
                    place += 1
                end = place
                if text.startswith("{", place) and tries > 0:
                    try:
                        _, end = _decoder.raw_decode(text, place)
                    except json.JSONDecodeError as error:
                        tries -= error.pos - place
                    except (ValueError, RecursionError):
                        tries = 0
                    if end > place:
                        if text[bad_from:place].strip(SEPARATORS):
                            is_told = True
                            yield text[bad_from:place]
                        yield text[place:end]
                        bad_from = place = end
                        continue
            place = self._next_line(text, place)
        if text[bad_from:].strip(SEPARATORS):
            yield text[bad_from:]
        elif not is_told:
            # All that is there is whole, but the file ends before the list does.
            yield text[: opened.end() if opened else None]

    def _next_line(self, text: str, place: int) -> int:
        """Where after the place a line begins that may be a document."""
        for begins in _begins_line.finditer(text, place + 1):
            if len(begins[1]) <= (self._level or 0):
                return begins.end() - 1
        return len(text)


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
        written = json.dumps(thing, ensure_ascii=False)
        written.encode("utf-8")
        text.encode("utf-8")
    except UnicodeEncodeError:
        return Record(0, printable(text), None, "the document is not UTF-8 text")
    if "\\u0000" in written:
        return Record(0, printable(text), None, "the document holds NUL characters")
    cells: dict[str, str | None] = {BODY: text}
    for column in feed.columns:
        if column.path:
            values = (_value(thing, path) for path in (column.path, *column.or_paths))
            cells[column.name] = next((value for value in values if value is not None), None)
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
