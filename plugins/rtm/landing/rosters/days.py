"""Dates as people write them above a table: `27/Mei`, `01-Jan`, `h7`, `Sen 1`, or a real date.

Names of months and days are the Indonesian and the English ones, in full or short. A heading rarely
tells all of a date; what it leaves out comes from the period, the year and the row of weekdays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from babel.dates import get_day_names, get_month_names

from rtm.landing.rosters.sheets import NoValue, Value

LANGUAGES = ("id", "en")
WIDTHS: tuple[Literal["wide", "abbreviated"], ...] = ("wide", "abbreviated")

MONTHS = {
    name.casefold(): number
    for language in LANGUAGES
    for width in WIDTHS
    for number, name in get_month_names(width, "format", language).items()
}
MONTHS |= {"pebruari": 2, "peb": 2, "mrt": 3, "agt": 8, "ags": 8, "agust": 8}
MONTHS |= {"sept": 9, "nopember": 11, "nop": 11}
WEEKDAYS = {
    name.casefold(): number
    for language in LANGUAGES
    for width in WIDTHS
    for number, name in get_day_names(width, "format", language).items()
}
WEEKDAYS |= {"jum'at": 4, "ahad": 6}
WEEKDAYS |= {"sn": 0, "sl": 1, "rb": 2, "km": 3, "jm": 4, "sb": 5, "mg": 6}
INITIALS = {(name[0], number) for name, number in WEEKDAYS.items()}

NUMBERED = re.compile(r"(?:h|d|tgl\.?|tanggal|day|hari)?\s*-?\s*(\d{1,2})")
WORDS = re.compile(r"[^\W\d_]+'?[^\W\d_]*\.?")
TIME = re.compile(r"[t ]0?0:00(:00(\.0+)?)?$")
LONGEST_HEADING = 40
LARGEST_STEP = 4
"""Between two numbered days of a row: a weekend, or a long one, may be left out."""
EARLIEST_END = 25
"""Of a month in a row of numbered days, before the next one begins."""

Period = tuple[date, date]


class UnknownYearError(ValueError):
    """Headings that do not tell their dates; the message says what is missing."""


@dataclass(frozen=True)
class Day:
    """A heading: a day, and what it says of month and year."""

    day: int
    month: int | None = None
    year: int | None = None


def parse_day(value: Value) -> Day | None:
    """What a heading says; None for one that is no date."""
    if isinstance(value, datetime | date):
        return Day(value.day, value.month, value.year)
    if isinstance(value, bool | NoValue) or value is None:
        return None
    if isinstance(value, int | float):
        return Day(int(value)) if value == int(value) and 1 <= value <= 31 else None
    if not isinstance(value, str) or len(value) > LONGEST_HEADING:
        return None
    return _parse_text(TIME.sub("", value.strip().casefold()))


def _parse_text(text: str) -> Day | None:
    if numbered := NUMBERED.fullmatch(text):
        return _day(int(numbered[1]))
    words = [word.rstrip(".") for word in WORDS.findall(text)]
    months = [MONTHS[word] for word in words if word in MONTHS]
    if len(months) > 1 or any(word not in MONTHS and word not in WEEKDAYS for word in words):
        return None
    numbers = re.findall(r"\d+", text)
    rest = re.sub(r"[\d\s/,.()\n-]+", "", WORDS.sub("", text))
    if rest or not numbers or len(numbers) > 3:
        return None
    if months:
        return _with_month(months[0], numbers)
    if len(numbers) == 1:
        return _day(int(numbers[0])) if words else None
    if not re.search(r"\d\s*[/-]\s*\d", text) and len(numbers) < 3:
        return None  # 7.5 is a number of hours.
    if len(numbers[0]) == 4:
        return _dated(numbers[2], int(numbers[1]), numbers[0]) if len(numbers) == 3 else None
    return _dated(numbers[0], int(numbers[1]), numbers[2] if len(numbers) == 3 else None)


def _with_month(month: int, numbers: list[str]) -> Day | None:
    if len(numbers) > 2:
        return None
    if len(numbers) == 2 and len(numbers[0]) == 4:
        numbers = numbers[::-1]
    return _dated(numbers[0], month, numbers[1] if len(numbers) == 2 else None)


def _dated(day: str, month: int, year: str | None) -> Day | None:
    if len(day) > 2 or not 1 <= month <= 12 or (year and len(year) not in (2, 4)):
        return None
    whole = None if year is None else int(year) + (2000 if len(year) == 2 else 0)
    return _day(int(day), month, whole)


def _day(day: int, month: int | None = None, year: int | None = None) -> Day | None:
    return Day(day, month, year) if 1 <= day <= 31 else None


def longest_run(headings: Sequence[tuple[int, Day]]) -> list[tuple[int, Day]]:
    """Of the headings of a row, in order of columns, the longest that can be days of one roster:
    numbers that count on, and dates."""
    runs: list[list[tuple[int, Day]]] = [[]]
    for column, day in headings:
        if runs[-1] and not _goes_on(runs[-1][-1][1], day):
            runs.append([])
        runs[-1].append((column, day))
    best = max(runs, key=len)
    return best if len(best) > 1 or any(day.month for _, day in best) else []


def _goes_on(before: Day, day: Day) -> bool:
    if day.month is not None:
        return True
    step = day.day - before.day
    return 0 < step <= LARGEST_STEP or (
        step < 0 and day.day <= LARGEST_STEP and before.day >= EARLIEST_END
    )


def dates_of(
    headings: Sequence[tuple[int, Day]],
    period: Period | None,
    year: int | None,
    weekdays: Mapping[int, str],
) -> dict[int, date | None]:
    """The date of each column; None for a day that its month does not have.

    Raises UnknownYearError where nothing tells month or year.
    """
    readings = [
        _walk(headings, *start) for start in _starts(headings[0][1], headings, period, year)
    ]
    if not readings:
        what = "year" if headings[0][1].month else "month and year"
        raise UnknownYearError(f"nothing tells the {what} of the dates")
    scored = sorted(
        ((_score(r, period, weekdays), -n, r) for n, r in enumerate(readings)),
        key=lambda scored: scored[:2],
        reverse=True,
    )
    best = scored[0]
    turns = len({day.year for day in best[2].values() if day}) > 1
    if period is None and turns and len(scored) > 1 and scored[1][0] == best[0]:
        raise UnknownYearError(f"the dates pass the end of a year, and only {year} is named")
    return best[2]


def _starts(
    first: Day, headings: Sequence[tuple[int, Day]], period: Period | None, year: int | None
) -> Iterator[tuple[int, int]]:
    """The years and months in which the first heading may be."""
    stated = [day.year for _, day in headings if day.year]
    if first.year and first.month:
        yield first.year, first.month
    elif first.month:
        if period:
            yield from ((y, first.month) for y in range(period[0].year - 1, period[1].year + 2))
        elif stated:
            yield from ((y, first.month) for y in (stated[0], stated[0] - 1))
        elif year:
            turns = any(d.month and d.month < first.month for _, d in headings)
            yield year, first.month
            if turns:
                yield year - 1, first.month
    elif period:
        month = (period[0].replace(day=1) - timedelta(days=1)).replace(day=1)
        starts = []
        while month <= period[1]:
            starts.append((month.year, month.month))
            month = (month + timedelta(days=31)).replace(day=1)
        # Of equals the first is taken: rather the period's own month than the one before.
        yield from starts[1:] + starts[:1]


def _walk(headings: Sequence[tuple[int, Day]], year: int, month: int) -> dict[int, date | None]:
    dates: dict[int, date | None] = {}
    before = 0
    for column, day in headings:
        if day.month is not None:
            year = day.year or year + (day.month < month)
            month = day.month
        elif day.day < before:
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        before = day.day
        dates[column] = None
        with suppress(ValueError):
            dates[column] = date(year, month, day.day)
    return dates


def _score(
    dates: Mapping[int, date | None], period: Period | None, weekdays: Mapping[int, str]
) -> tuple[int, int]:
    known = {column: day for column, day in dates.items() if day}
    inside = sum(period[0] <= day <= period[1] for day in known.values()) if period else 0
    return inside, sum(is_weekday(weekdays.get(c), day) for c, day in known.items())


def is_weekday(text: str | None, day: date | None = None) -> bool:
    """Whether a cell names a day of the week: this day's, also by its first letter alone."""
    if text is None:
        return False
    word = text.casefold().rstrip(".")
    if len(word) > 1:
        return word in WEEKDAYS and (day is None or WEEKDAYS[word] == day.weekday())
    return day is not None and (word, day.weekday()) in INITIALS
