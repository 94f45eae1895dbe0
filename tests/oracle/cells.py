"""Reading one cell: text in, value out, `ValueError` for what cannot be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from .world import Cells

TRUE_WORDS = {"true", "1", "yes", "ya"}
FALSE_WORDS = {"false", "0", "no", "tidak"}


def text(cells: Cells, column: str) -> str | None:
    return (cells.get(column) or "").strip() or None


def required_text(cells: Cells, column: str) -> str:
    value = text(cells, column)
    if value is None:
        raise ValueError(f"{column} is empty")
    return value


def one_of(cells: Cells, column: str, *words: str) -> str:
    value = required_text(cells, column)
    if value not in words:
        raise ValueError(f"{column}: {value!r} is none of {words}")
    return value


def moment(cells: Cells, column: str, zone: ZoneInfo) -> datetime | None:
    """The time in UTC; a time without offset is in `zone`."""
    value = text(cells, column)
    if value is None:
        return None
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        read = read.replace(tzinfo=zone)
    return read.astimezone(UTC)


def required_moment(cells: Cells, column: str, zone: ZoneInfo) -> datetime:
    value = moment(cells, column, zone)
    if value is None:
        raise ValueError(f"{column} is empty")
    return value


def day(cells: Cells, column: str) -> date | None:
    value = text(cells, column)
    return None if value is None else date.fromisoformat(value)


def required_day(cells: Cells, column: str) -> date:
    return date.fromisoformat(required_text(cells, column))


def clock_time(cells: Cells, column: str) -> time | None:
    value = text(cells, column)
    return None if value is None else time.fromisoformat(value)


def number(cells: Cells, column: str) -> Fraction | None:
    value = text(cells, column)
    if value is None:
        return None
    if value.count(",") == 1 and "." not in value:
        value = value.replace(",", ".")
    return Fraction(value)


def required_number(cells: Cells, column: str) -> Fraction:
    value = number(cells, column)
    if value is None:
        raise ValueError(f"{column} is empty")
    return value


def number_or(cells: Cells, column: str, default: int) -> Fraction:
    value = number(cells, column)
    return Fraction(default) if value is None else value


def boolean_or(cells: Cells, column: str, default: bool) -> bool:
    value = text(cells, column)
    if value is None:
        return default
    if value.lower() in TRUE_WORDS:
        return True
    if value.lower() in FALSE_WORDS:
        return False
    raise ValueError(f"{column}: {value!r} is neither yes nor no")


def seconds(duration: timedelta) -> Fraction:
    return Fraction(duration // timedelta(microseconds=1), 1_000_000)


def local_moment(on: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, at, tzinfo=zone).astimezone(UTC)
