"""KPIs over the days of a month: a period is a stretch of days with one formula and one target.

The value of a period is the sum of its numerators over the sum of its denominators, never the mean
of its days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from rtm.speech import PERCENT

OF_PEOPLE = frozenset({"attendance", "login_compliance", "adherence"})
OF_CONTACTS = frozenset(
    {
        *("scr", "abandon_rate", "service_level", "aht", "asa"),
        *("response_time", "waiting_list", "oldest_waiting"),
    }
)
MEASURED = OF_PEOPLE | OF_CONTACTS
"""Of which a month has a figure. Other targets are watched as they stand, minute by minute."""


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    NO_VOLUME = "no_volume"
    """There was a target and nothing to measure: neither 0 % nor 100 %."""
    NO_TARGET = "no_target"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True)
class Period:
    """A KPI of a service and channel from one day to another."""

    service_code: str
    channel: str
    kpi: str
    formula: str
    comparator: str | None
    target: float | None
    days: tuple[Row[Any], ...]

    @property
    def first(self) -> date:
        first: date = self.days[0].local_date
        return first

    @property
    def last(self) -> date:
        last: date = self.days[-1].local_date
        return last

    @property
    def numerator(self) -> float:
        return float(sum(day.numerator for day in self.days))

    @property
    def denominator(self) -> float:
        return float(sum(day.denominator for day in self.days))

    @property
    def value(self) -> float | None:
        """In the unit of the KPI; None where nothing was measured."""
        if not self.denominator:
            return None
        return (100 if self.kpi in PERCENT else 1) * self.numerator / self.denominator

    @property
    def days_measured(self) -> int:
        return sum(day.denominator > 0 for day in self.days)

    @property
    def days_met(self) -> int:
        return sum(bool(day.is_met) for day in self.days)

    @property
    def verdict(self) -> Verdict:
        if self.kpi not in MEASURED:
            return Verdict.NOT_MEASURED
        if self.target is None:
            return Verdict.NO_TARGET
        if self.value is None:
            return Verdict.NO_VOLUME
        is_met = self.value >= self.target if self.comparator == ">=" else self.value <= self.target
        return Verdict.MET if is_met else Verdict.MISSED


def periods_of(days: Iterable[Row[Any]]) -> list[Period]:
    """The periods of days that are ordered by service, channel, KPI and date."""
    return [
        Period(*key, tuple(of_period))
        for key, of_period in groupby(
            days,
            key=lambda day: (
                *(day.service_code, day.channel, day.kpi, day.formula),
                *(day.comparator, day.target),
            ),
        )
    ]
