"""Cells of the report's tables: how each kind of value reads in a language and in a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from babel.dates import format_date

from rtm import speech
from rtm.report.contents import Cell
from rtm.speech import COUNTS, NOTHING, PERCENT

WORDS = Path(__file__).with_name("words.yml")

COUNT, PERCENT_FORM, ONE_DIGIT = "#,##0", '0.00" %"', "#,##0.0"
SECONDS, DATE = '#,##0.0" s"', "yyyy-mm-dd"
SMALLEST = 5
"""A count of sanctions below it, other than 0, is not told: of few people it is soon one person."""


class Speech(speech.Speech):
    """How the report says things in one language."""

    files = (speech.SHARED, WORDS)

    def short_day(self, day: date) -> str:
        """A day in a table, where its weekday says nothing."""
        return str(format_date(day, "d MMM y", locale=self.language))

    def value(self, kpi: str, value: float) -> str:
        """A value with more digits than a board has: what misses a target is to be seen missing."""
        if kpi in PERCENT:
            return self.kpi(kpi, value, 2)
        if kpi in COUNTS:
            return self.number(value, 1)
        return self.kpi(kpi, value)

    def place(self, service: str, channel: str) -> str:
        """A service, and its channel where the KPI has one."""
        return service if channel == "all" else f"{service} ({channel})"


@dataclass(frozen=True)
class Cells:
    """Makes cells in one language."""

    speech: Speech

    def text(self, words: str) -> Cell:
        return Cell(words)

    def word(self, name: str) -> Cell:
        return Cell(self.speech.say(name))

    def count(self, number: float) -> Cell:
        return Cell(self.speech.number(number), number, COUNT)

    def few(self, number: int) -> Cell:
        """A count that must not point at a person."""
        if 0 < number < SMALLEST:
            return Cell(self.speech.say("cell.few", smallest=SMALLEST))
        return self.count(number)

    def value(self, kpi: str, value: float | None) -> Cell:
        """A value of the KPI, or that there was nothing to measure."""
        if value is None:
            return self.word("verdict.no_volume")
        if kpi in PERCENT:
            return Cell(self.speech.value(kpi, value), value, PERCENT_FORM)
        form = ONE_DIGIT if kpi in COUNTS else SECONDS
        return Cell(self.speech.value(kpi, value), value, form)

    def percent(self, numerator: float, denominator: float) -> Cell:
        if not denominator:
            return self.word("verdict.no_volume")
        return self.value("scr", 100 * numerator / denominator)

    def duration(self, seconds: float | None) -> Cell:
        if seconds is None:
            return Cell(NOTHING)
        return Cell(self.speech.duration(seconds), seconds, SECONDS)

    def day(self, day: date | None) -> Cell:
        return Cell(NOTHING) if day is None else Cell(self.speech.short_day(day), day, DATE)

    def moment(self, moment: datetime, zone: str) -> Cell:
        return Cell(self.speech.moment(moment, zone))

    def target(self, kpi: str, comparator: str | None, target: float | None) -> Cell:
        if comparator is None or target is None:
            return self.word("verdict.no_target")
        sign = "≥" if comparator == ">=" else "≤"
        digits = "0" if target == round(target) else "0.0"
        unit = '" %"' if kpi in PERCENT else "" if kpi in COUNTS else '" s"'
        return Cell(self.speech.target(kpi, comparator, target), target, f'"{sign} "{digits}{unit}')
