"""The calendar month that is reported: its days, and the first working day of one."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
SATURDAY = 5
"""Of `date.weekday`. The office works from Monday to Friday, whenever the services are open."""


class MonthError(ValueError):
    """The text is not a month; the message says how one is written."""


@dataclass(frozen=True, order=True)
class Month:
    """A month of the calendar, by its first day."""

    first: date

    @classmethod
    def read(cls, text: str) -> Month:
        found = WRITTEN.fullmatch(text.strip())
        if found is None or found[1] == "0000":
            raise MonthError(f"{text!r} is not a month; write year and month, such as 2026-11")
        return cls(date(int(found[1]), int(found[2]), 1))

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.replace(day=1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Month:
        return Month.of(self.first + timedelta(days=31))

    @property
    def previous(self) -> Month:
        return Month.of(self.first - timedelta(days=1))


def first_working_day(month: Month, holidays: Collection[date]) -> date | None:
    """The first day of the month that is neither weekend nor holiday; None if there is none."""
    day = month.first
    while day <= month.last:
        if day.weekday() < SATURDAY and day not in holidays:
            return day
        day += timedelta(days=1)
    return None
