"""What the lines of a delimited file tell while they pass on their way to the database.

The database takes in one chunk while the one before is looked at, so this costs a load next to
nothing, and what is known here need not be asked there. A line that tells nothing is not a bad one.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import IO

CHUNK = 1 << 18
LONGEST_LINE = 1 << 20


END_OF_COPY = b"\\."
"""Alone on a line, PostgreSQL before 18 takes it for the end of the data."""


class AmbiguousLinesError(ValueError):
    """PostgreSQL and the readers of `containers` would make different rows of these lines."""


class PassingLines:
    """The lines of a file after its header: whether all are surely readable, and all different."""

    def __init__(
        self, content: IO[bytes], delimiter: str, readable: re.Pattern[bytes] | None
    ) -> None:
        self._content = content
        self._quoted = _properly_quoted(delimiter)
        self._readable = readable
        self._is_unquoted = True
        self._hashes = array("q")

    def chunks(self) -> Iterator[bytes]:
        """The content in chunks of whole lines; each is looked at when the next is asked for.

        Raises AmbiguousLinesError before a chunk that PostgreSQL would read in a way of its own.
        """
        while chunk := self._content.read(CHUNK):
            chunk += self._content.readline(LONGEST_LINE)
            if b'"' in chunk and not self._quoted.fullmatch(chunk):
                raise AmbiguousLinesError("a quote within a cell, or one that nothing closes")
            if END_OF_COPY in chunk:
                raise AmbiguousLinesError("what may end a COPY before the file does")
            yield chunk
            self._look(chunk)

    @property
    def are_readable(self) -> bool:
        return self._readable is not None

    def are_distinct(self, rows: int) -> bool:
        """Whether these are as many different lines as the database has taken in rows.

        Without a quote, a row is one line, and equal rows are equal lines.
        """
        if not self._is_unquoted or len(self._hashes) != rows:
            return False
        import numpy as np  # Not at the top: the command line starts without it.

        ordered = np.sort(np.frombuffer(self._hashes, dtype=np.int64))
        return not (ordered[1:] == ordered[:-1]).any()

    def _look(self, chunk: bytes) -> None:
        if self._readable and not self._readable.fullmatch(chunk):
            self._readable = None
        self._is_unquoted = self._is_unquoted and b'"' not in chunk
        if self._is_unquoted:
            self._hashes.extend(map(hash, chunk.splitlines()))


def _properly_quoted(delimiter: str) -> re.Pattern[bytes]:
    """Matches whole lines whose quotes stand around whole cells, as RFC 4180 has it."""
    cell = rf'(?:"(?:[^"]|"")*+"|[^"\r\n{delimiter}]*+)'
    line = f"{cell}(?:{delimiter}{cell})*+"
    return re.compile(rf"(?:{line}\r?\n)*+(?:{line})?".encode())


SEPARATOR, NO_QUOTE = "\x1f", "\x01"
"""What stands in no log: between cells on their way to the database, and in place of a quote."""
UNEXPECTED = (b"\x00", b"\x01", b"\x1f", b"\n\n", b"\n\r\n", END_OF_COPY)
"""Characters that no log holds, an empty line, which would count as a row, the end of a COPY."""


def separated_lines(content: IO[bytes], delimiter: str, columns: int) -> Iterator[bytes]:
    """The lines of a log in chunks, all with as many cells as there are columns.

    Raises AmbiguousLinesError before a chunk that PostgreSQL would read in a way of its own.
    """
    between, mark = delimiter.encode(), SEPARATOR.encode()
    filled = mark * (columns - 1)
    while chunk := content.read(CHUNK):
        chunk = (chunk + content.readline(LONGEST_LINE)).removesuffix(b"\n")
        framed = b"\n" + chunk + b"\n"
        if any(unexpected in framed for unexpected in UNEXPECTED):
            raise AmbiguousLinesError("an empty line, a control character, or the end of a COPY")
        lines = []
        for line in chunk.split(b"\n"):
            cells = line.removesuffix(b"\r").split(between, columns - 1)
            lines.append(mark.join(cells) + filled[len(cells) - 1 :])
        yield b"\n".join(lines) + b"\n"
