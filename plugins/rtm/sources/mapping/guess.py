"""A first mapping from a sample of an export: names, times and values are guessed, and say so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rtm.sources.feed import Column, Feed, Kind

GUESS = "# tebakan / guess"
MISSING = "ISI_NAMA_KOLOM"
FORMATS = (
    *("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M"),
    *("%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S"),
    *("%Y%m%d%H%M%S", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d"),
)
DATE_ALONE = re.compile(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(T00:00:00)?$")
TIME_ALONE = re.compile(r"^\d{1,2}:\d{2}(:\d{2})?$")
MOST_VALUES = 12

Rows = list[dict[str, str | None]]


@cache
def _synonyms() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(
        Path(__file__).with_name("synonyms.yml").read_text()
    )
    return found


def guessed_feed(names: Iterable[str], feeds: Iterable[Feed]) -> Feed:
    """The feed of whose columns the export has most and of the required ones misses fewest."""
    names = list(names)

    def rank(feed: Feed) -> int:
        found = [column for column in feed.columns if _source(column, names)]
        missing = [c for c in feed.columns if c.required and c not in found]
        return len(found) - 2 * len(missing)

    return max(feeds, key=rank)


def guessed_mapping(name: str, feed: Feed, dialect: Mapping[str, str], rows: Rows) -> str:
    """The text of a mapping file for an export of which these are rows."""
    names = list(rows[0]) if rows else []
    lines, used, times = [], set(), []
    for column in feed.columns:
        source = _source(column, names)
        if source is None:
            if column.required:
                lines.append(f"  {column.name}: {MISSING}  {GUESS}: not found, fill it in")
            continue
        joined = _joined(column, source, names, rows)
        used |= set(joined)
        cells = [" ".join(_plain(row.get(part)) for part in joined).strip() for row in rows]
        cells = [cell for cell in cells if cell]
        if column.kind is Kind.INSTANT:
            times += cells
        lines.append(f"  {column.name}: {_told(column, joined, cells)}  {GUESS}")
    head = [f"name: {name}", f"feed: {feed.name}  {GUESS}"]
    head += [f"{key}: {_quoted(value)}  {GUESS}" for key, value in dialect.items()]
    pattern = _format(times)
    head.append(f"time_zone: Asia/Jakarta  {GUESS}")
    if pattern:
        head.append(f"time_format: {_quoted(pattern)}  {GUESS}")
    left = [f"# {_quoted(other)}: no guess" for other in names if other not in used]
    return "\n".join([*head, "columns:", *lines, *left]) + "\n"


def _source(column: Column, names: list[str]) -> str | None:
    known = [column.name.replace("_", " "), *_synonyms()["columns"].get(column.name, [])]
    told = {re.sub(r"[\W_]+", " ", name).strip().casefold(): name for name in names}
    return next((told[synonym] for synonym in known if synonym in told), None)


def _joined(column: Column, source: str, names: list[str], rows: Rows) -> list[str]:
    """The column, and that which holds the date of its times or the time of its dates."""
    if column.kind is not Kind.INSTANT:
        return [source]

    def all_like(name: str, pattern: re.Pattern[str]) -> bool:
        cells = [cell for row in rows if (cell := (row.get(name) or "").strip())]
        return bool(cells) and all(pattern.match(cell) for cell in cells)

    place = names.index(source)
    if all_like(source, DATE_ALONE):
        clock = next((n for n in names[place + 1 :] if all_like(n, TIME_ALONE)), None)
        return [source, clock] if clock else [source]
    if all_like(source, TIME_ALONE):
        day = next((n for n in reversed(names[:place]) if all_like(n, DATE_ALONE)), None)
        return [day, source] if day else [source]
    return [source]


def _plain(cell: str | None) -> str:
    return (cell or "").strip().removesuffix("T00:00:00")


def _told(column: Column, names: list[str], cells: list[str]) -> str:
    parts = [f"column: {_quoted(names[0])}"]
    if len(names) > 1:
        parts = [f"columns: [{', '.join(map(_quoted, names))}]"]
    if column.kind is Kind.CHOICE:
        seen = list(dict.fromkeys(cells))[:MOST_VALUES]
        pairs = [f"{_quoted(cell)}: {_meaning(column, cell)}" for cell in seen]
        parts.append(f"values: {{{', '.join(pairs)}}}")
    if column.kind is Kind.NUMBER and cells and all(":" in cell for cell in cells):
        parts.append('unit: "h:m:s"')
    if column.kind is Kind.DATE and (pattern := _format(cells)):
        parts.append(f"time_format: {_quoted(pattern)}")
    return f"{{{', '.join(parts)}}}"


def _meaning(column: Column, cell: str) -> str:
    for choice in column.choices:
        if cell.casefold() in (choice, *_synonyms()["values"].get(choice, [])):
            return choice
    # No meaning of the contract: the check of the mapping asks for one.
    return "ISI_ARTINYA"


def _format(cells: list[str]) -> str | None:
    """The first format in which all cells can be read; None for ISO 8601, or where none fits."""
    for pattern in FORMATS:
        # Of two columns, one may be empty; such a cell tells nothing of the format.
        whole = [cell for cell in cells if (" " in cell) or "%H" not in pattern or len(cell) > 12]
        if whole and all(_reads(cell, pattern) for cell in whole):
            return pattern
    return None


def _reads(cell: str, pattern: str) -> bool:
    try:
        datetime.strptime(cell, pattern)  # noqa: DTZ007 (only whether it can be read)
    except ValueError:
        return False
    return True


def _quoted(value: Any) -> str:
    return json.dumps(str(value), ensure_ascii=False)
