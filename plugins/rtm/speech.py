"""How pages and reports say things in one language: their words, numbers, days and times.

Words stand in `words.yml` files, Indonesian first, each with its English beside it: one file for
what several rooms say (`plugins/rtm/words.yml`) and one for each room. Which language somebody
reads is for the room to find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import yaml
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from rtm.settings import Language

SHARED = Path(__file__).with_name("words.yml")
NOTHING = "–"
NBSP = "\N{NO-BREAK SPACE}"
"""Between a number and what belongs to it: they stay on one line."""

PERCENT = frozenset(
    {
        *("scr", "abandon_rate", "service_level", "response_time"),
        *("attendance", "staffing", "login_compliance", "adherence"),
    }
)
COUNTS = frozenset({"waiting_list", "roster_h1"})
"""All other KPIs are seconds."""
UNITS = (
    ("seconds", 1, 120),
    ("minutes", 60, 7200),
    ("hours", 3600, 48 * 3600),
    ("days", 86400, float("inf")),
)
"""Words, seconds in it, and up to how many seconds it is used."""


@dataclass(frozen=True)
class Speech:
    """How a room says things in one language; each room names its file of words."""

    language: Language

    files: ClassVar[tuple[Path, ...]] = (SHARED,)

    def say(self, name: str, /, **values: Any) -> str:
        """The words `section.name`, with the values put in. One that is missing is an error."""
        return self._words[name].format(**values)

    @property
    def _words(self) -> dict[str, str]:
        return read_words(self.files, self.language)

    def number(self, value: float | None, digits: int = 0) -> str:
        if value is None:
            return NOTHING
        form = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(value, format=form, locale=self.language))

    def kpi(self, kpi: str, value: float | None, digits: int = 1) -> str:
        """A value of the KPI with its unit."""
        if value is None:
            return NOTHING
        if kpi in PERCENT:
            return f"{self.number(value, digits)}{NBSP}%"
        if kpi in COUNTS:
            return self.number(value)
        return self._with_unit("seconds", value)

    def target(self, kpi: str, comparator: str, value: float) -> str:
        sign = "≥" if comparator == ">=" else "≤"
        return f"{sign}{NBSP}{self.kpi(kpi, value, 0 if value == round(value) else 1)}"

    def gap(self, kpi: str, observed: float, target: float) -> str:
        """How far from its target, in the KPI's unit, and on which side."""
        size = abs(observed - target)
        if kpi in PERCENT:
            told = self.say("gap.points", gap=self.number(size, 1)).replace(" ", NBSP)
        else:
            told = self.kpi(kpi, size)
        return self.say("gap.below" if observed < target else "gap.above", gap=told)

    def counted(self, kpi: str, numerator: float, denominator: float, at_risk: int) -> str:
        """What a value was counted from, with how many contacts of it were not lost yet; empty for
        what is not divided."""
        what = self._words.get(f"counted.{kpi}")
        if what is None:
            return ""
        if at_risk:
            what += f"; {self.say('counted.at_risk', at_risk=self.number(at_risk))}"
        # Agents are counted on average of a time.
        digits = 1 if kpi == "staffing" else 0
        numbers = (self.number(count, digits) for count in (numerator, denominator))
        return f"{' / '.join(numbers)} ({what})"

    def severity(self, severity: str) -> str:
        return self.say(f"severity.{severity}")

    def channel(self, channel: str) -> str:
        """The name of a channel: the site's own where it is none of those that we know."""
        return self._words.get(f"channel.{channel}", channel)

    def duration(self, seconds: float) -> str:
        """Roughly how long, for people."""
        unit, length = next((unit, length) for unit, length, until in UNITS if seconds < until)
        return self._with_unit(unit, seconds / length)

    def _with_unit(self, unit: str, count: float) -> str:
        return self.say(f"unit.{unit}", count=self.number(count)).replace(" ", NBSP)

    def day(self, day: date) -> str:
        return str(format_date(day, "EEE d MMM y", locale=self.language))

    def month(self, month: date) -> str:
        """The month of a date, with its year."""
        return str(format_date(month, "MMMM y", locale=self.language))

    def moment(self, instant: datetime, zone: str) -> str:
        """Date and time in the service's zone, with the zone's name."""
        return self._local(instant, zone, "d MMM y HH:mm")

    def clock(self, instant: datetime, zone: str) -> str:
        """Time of day, where the date is plain."""
        return self._local(instant, zone, "HH:mm")

    def _local(self, instant: datetime, zone: str, form: str) -> str:
        local = instant.astimezone(ZoneInfo(zone))
        told = format_datetime(local, form, tzinfo=ZoneInfo(zone), locale=self.language)
        return f"{told} {local:%Z}"


@cache
def read_words(files: tuple[Path, ...], language: Language) -> dict[str, str]:
    """All words of some files in one language, by `section.name`."""
    return {
        f"{section}.{name}": texts[language]
        for file in files
        for section, names in yaml.safe_load(file.read_text(encoding="utf-8")).items()
        for name, texts in names.items()
    }
