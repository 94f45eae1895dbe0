"""What a report holds, in one language and no format: its cover, its findings, tables and charts.

The three writers show just this. A cell has the words that people read and, where it is a number or
a date, the value that a spreadsheet computes with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rtm.charts import Day, DaysChart, days_chart
from rtm.settings import Language
from rtm.speech import PERCENT


@dataclass(frozen=True)
class Cell:
    """`form` is how a spreadsheet writes the value, as in its own dialogue of formats."""

    shown: str
    value: float | date | None = None
    form: str = ""


@dataclass(frozen=True)
class Table:
    """`note` says the grain of the table and what its numerators and denominators count."""

    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    """What stands in the place of a table without rows."""


@dataclass(frozen=True)
class Chart:
    """A KPI by day, drawn from rows of the table of days."""

    title: str
    text: str
    """The chart in words, for who does not see it."""
    kpi: str
    days: tuple[Day, ...]
    first_row: int
    """Of its days in the table of days, counted from 0."""

    @property
    def drawing(self) -> DaysChart | None:
        return days_chart(self.days, self.kpi in PERCENT)


class Finding(StrEnum):
    """In the order in which the first page tells them."""

    NOT_CONFORMED = "not_conformed"
    CONFORMED = "conformed"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True)
class Section:
    """`clauses` are the letters of 9.1.3 that it answers."""

    key: str
    title: str
    clauses: str
    intro: str
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Document:
    """The whole report; `words` are the few that belong to the form, such as legends of charts."""

    title: str
    subtitle: str
    language: Language
    cover: tuple[tuple[str, str], ...]
    lead: str
    findings: dict[Finding, list[str]]
    sections: tuple[Section, ...]
    days: Table
    footer: str
    words: dict[str, str]
