"""The sections of the report: which figures stand in which table, and what is said of them.

Nothing is counted here but sums of rows that are shown; what is judged is judged in `periods`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from rtm.charts import Day
from rtm.report.cells import SMALLEST, Cells
from rtm.report.contents import Cell, Chart, Section, Table
from rtm.report.figures import Figures
from rtm.report.periods import MEASURED, OF_CONTACTS, OF_PEOPLE, Period, Verdict

CLAUSES = ("a", "b", "c", "d", "e", "f", "g")
"""Of ISO 9001:2015, 9.1.3: what the results of the analysis are used to evaluate."""
ROSTER_FORMULA = "roster_h1/1"


@dataclass(frozen=True)
class Sections:
    """All sections of one month in one language."""

    figures: Figures
    periods: Sequence[Period]
    cells: Cells

    def build(self) -> tuple[Section, ...]:
        return (
            self._kpis(),
            self._people(),
            self._rosters(),
            self._breaches(),
            self._plans(),
            self._coaching(),
            self._indicators(),
            self._changes(),
            self._clauses(),
        )

    def days(self) -> Table:
        """Every day of every KPI: what the periods are sums of, and the charts are drawn from."""
        return self._table(
            "days",
            ("service", "channel", "kpi", "day", "numerator", "denominator", "value", "target"),
            (
                (
                    *self._who(day),
                    self.cells.day(day.local_date),
                    self.cells.count(day.numerator),
                    self.cells.count(day.denominator),
                    self.cells.value(day.kpi, day.value),
                    self.cells.target(day.kpi, day.comparator, day.target),
                )
                for day in self._measured_days()
            ),
        )

    def _measured_days(self) -> list[Row[Any]]:
        return [day for day in self.figures.days if day.kpi in MEASURED]

    def _kpis(self) -> Section:
        periods = [period for period in self.periods if period.kpi in OF_CONTACTS]
        table = self._periods("kpi", periods)
        return self._section("kpi", (table,), tuple(self._charts(OF_CONTACTS)))

    def _people(self) -> Section:
        periods = [period for period in self.periods if period.kpi not in OF_CONTACTS]
        counts = self._table(
            "attendance",
            ("service", "present", "late", "absent", "excused", "unscheduled"),
            (
                (
                    self._service(row),
                    *map(self.cells.count, (row.present, row.late, row.absent)),
                    *map(self.cells.count, (row.excused, row.unscheduled)),
                )
                for row in self.figures.attendance
            ),
        )
        aux = self._table(
            "aux",
            (
                *("service", "aux_code", "formula", "shifts_over", "shifts", "share_over"),
                *("aux_time", "excess_time"),
            ),
            (
                (
                    *(self._service(row), self.cells.text(row.aux_code)),
                    self.cells.text(row.formula),
                    *(self.cells.count(row.shifts_over), self.cells.count(row.shifts)),
                    self.cells.percent(row.shifts_over, row.shifts),
                    *(self.cells.duration(row.aux_s), self.cells.duration(row.excess_s)),
                )
                for row in self.figures.aux
            ),
        )
        tables = (self._periods("people", periods), counts, aux)
        return self._section("people", tables, tuple(self._charts(OF_PEOPLE)))

    def _rosters(self) -> Section:
        kept = self._table(
            "roster",
            ("service", "formula", "on_time", "due", "share_kept", "roster_late", "missing"),
            (
                (
                    *(self._service(row), self.cells.text(ROSTER_FORMULA)),
                    *(self.cells.count(row.on_time), self.cells.count(row.due)),
                    self.cells.percent(row.on_time, row.due),
                    *(self.cells.count(row.late), self.cells.count(row.missing)),
                )
                for row in self.figures.rosters
            ),
        )
        versions = self._table(
            "version",
            ("service", "received", "valid", "version_on_time"),
            (
                (
                    self._service(row),
                    *map(self.cells.count, (row.received, row.valid, row.on_time)),
                )
                for row in self.figures.versions
            ),
        )
        return self._section("roster", (kept, versions))

    def _breaches(self) -> Section:
        table = self._table(
            "breach",
            (
                *("service", "channel", "kpi", "opened", "critical", "met_again"),
                *("taken_back", "still_open", "median_time"),
            ),
            (
                (
                    *self._who(row),
                    *map(self.cells.count, (row.opened, row.critical, row.met)),
                    *map(self.cells.count, (row.withdrawn, row.still_open)),
                    self.cells.duration(row.median_s),
                )
                for row in self.figures.breaches
            ),
        )
        return self._section("breach", (table,))

    def _plans(self) -> Section:
        states = self._table(
            "plan",
            (
                *("service", "drafted", "withdrawn", "closed", "still_open"),
                *("effective", "not_effective"),
            ),
            (
                (
                    self._service(row),
                    *map(self.cells.count, (row.drafted, row.withdrawn, row.closed)),
                    *map(self.cells.count, (row.still_open, row.effective, row.not_effective)),
                )
                for row in self.figures.plans
            ),
        )
        of_plans = [row for row in self.figures.indicators if row.sop_code == "7.2"]
        return self._section("plan", (states, self._indicator_table("plan_speed", of_plans)))

    def _coaching(self) -> Section:
        heads = ("service", "proposed", "issued", "dismissed", "followed_up")
        by_service = self._table(
            "coaching",
            heads,
            (
                (
                    self._service(row),
                    *map(self.cells.few, (row.proposed, row.issued)),
                    *map(self.cells.few, (row.dismissed, row.followed_up)),
                )
                for row in self.figures.coaching
                if row.proposed or row.issued or row.dismissed or row.followed_up
            ),
        )
        is_indonesian = self.cells.speech.language == "id"
        by_step = self._table(
            "step",
            ("step", "issued"),
            (
                (
                    self.cells.text(row.step_name_indonesian if is_indonesian else row.step_name),
                    self.cells.few(row.issued),
                )
                for row in self.figures.steps
            ),
        )
        return self._section("coaching", (by_service, by_step), smallest=SMALLEST)

    def _indicators(self) -> Section:
        others = [row for row in self.figures.indicators if row.sop_code != "7.2"]
        return self._section("indicator", (self._indicator_table("indicator", others),))

    def _changes(self) -> Section:
        targets = self._table(
            "target_change",
            ("service", "channel", "kpi", "change", "was", "is", "valid_from", "valid_to", "known"),
            (self._target_change(row) for row in self.figures.targets),
        )
        formulas = self._table(
            "formula_change",
            ("service", "channel", "kpi", "formula_before", "formula_now"),
            self._formula_changes(),
        )
        attributes = self._table(
            "service_change",
            ("service", "attribute", "was", "is", "known"),
            (
                (
                    *(self._service(row), self.cells.word(f"attribute.{row.attribute}")),
                    self.cells.text(row.value_before or "–"),
                    self.cells.text(row.value_after or "–"),
                    self.cells.moment(row.known_from_at, self.figures.zone),
                )
                for row in self.figures.service_changes
            ),
        )
        return self._section("change", (targets, formulas, attributes))

    def _clauses(self) -> Section:
        table = self._table(
            "clause",
            ("clause", "requirement", "where"),
            (
                (
                    self.cells.text(f"9.1.3 {letter})"),
                    self.cells.word(f"clause.{letter}"),
                    self.cells.word(f"clause.{letter}_where"),
                )
                for letter in CLAUSES
            ),
        )
        return self._section("clause", (table,))

    def _periods(self, key: str, periods: Iterable[Period]) -> Table:
        return self._table(
            key,
            (
                *("service", "channel", "kpi", "formula", "from_day", "to_day", "numerator"),
                *("denominator", "value", "target", "verdict", "days_met", "days_measured"),
            ),
            (
                (
                    *self._who(period),
                    self.cells.text(period.formula),
                    *(self.cells.day(period.first), self.cells.day(period.last)),
                    self.cells.count(period.numerator),
                    self.cells.count(period.denominator),
                    self._value(period),
                    self.cells.target(period.kpi, period.comparator, period.target),
                    self.cells.word(f"verdict.{period.verdict}"),
                    self.cells.count(period.days_met),
                    self.cells.count(period.days_measured),
                )
                for period in periods
            ),
        )

    def _value(self, period: Period) -> Cell:
        if period.verdict is Verdict.NOT_MEASURED:
            return self.cells.word("verdict.not_measured")
        return self.cells.value(period.kpi, period.value)

    def _charts(self, kpis: frozenset[str]) -> Iterator[Chart]:
        """One for each KPI with at least two days to compare."""
        first_row = 0
        say = self.cells.speech.say
        for (service, channel, kpi), group in groupby(
            self._measured_days(), key=lambda day: (day.service_code, day.channel, day.kpi)
        ):
            days = list(group)
            told = [day.value for day in days if day.value is not None]
            if kpi in kpis and len(told) > 1:
                name = say(f"kpi.{kpi}")
                place = self.cells.speech.place(self.figures.names.get(service, service), channel)
                yield Chart(
                    say("chart.title", kpi=name, place=place),
                    say(
                        "chart.text",
                        first=self.cells.speech.short_day(days[0].local_date),
                        last=self.cells.speech.short_day(days[-1].local_date),
                        low=self.cells.speech.value(kpi, min(told)),
                        high=self.cells.speech.value(kpi, max(told)),
                    ),
                    kpi,
                    tuple(
                        Day(day.local_date, day.value, day.target, day.denominator) for day in days
                    ),
                    first_row,
                )
            first_row += len(days)

    def _indicator_table(self, key: str, rows: Iterable[Row[Any]]) -> Table:
        return self._table(
            key,
            (
                *("service", "sop", "indicator", "formula", "numerator", "denominator", "rate"),
                *("within", "median_time", "p90_time", "lowest_day"),
            ),
            (
                (
                    *(self._service(row), self.cells.text(row.sop_code)),
                    self.cells.word(f"indicator.{row.indicator}"),
                    self.cells.text(row.formula),
                    *(self.cells.count(row.numerator), self.cells.count(row.denominator)),
                    self.cells.percent(row.numerator, row.denominator),
                    *(self.cells.duration(row.sla_s), self.cells.duration(row.p50_s)),
                    self.cells.duration(row.p90_s),
                    self.cells.value("scr", row.lowest_day_pct)
                    if row.lowest_day_pct is not None
                    else self.cells.text("–"),
                )
                for row in rows
            ),
        )

    def _target_change(self, row: Row[Any]) -> tuple[Cell, ...]:
        changes = [name for name in ("begins", "ends", "is_corrected") if getattr(row, name)]
        words = ", ".join(self.cells.speech.say(f"change.{name}") for name in changes)
        before = self._told_target(
            row, row.comparator_before, row.target_before, row.threshold_s_before
        )
        return (
            *self._who(row),
            self.cells.text(words),
            before if row.is_corrected else self.cells.text("–"),
            self._told_target(row, row.comparator, row.target, row.threshold_s),
            *(self.cells.day(row.valid_from), self.cells.day(row.valid_to)),
            self.cells.moment(row.known_from_at, self.figures.zone),
        )

    def _told_target(
        self, row: Row[Any], comparator: str | None, target: float | None, threshold: float | None
    ) -> Cell:
        told = self.cells.target(row.kpi, comparator, target).shown
        if threshold is not None:
            told = f"{told} ({self.cells.speech.duration(threshold)})"
        return self.cells.text(told)

    def _formula_changes(self) -> Iterator[tuple[Cell, ...]]:
        """KPIs that were computed by another formula than in the month before, or by several."""
        before: dict[tuple[str, str, str], set[str]] = {}
        now: dict[tuple[str, str, str], set[str]] = {}
        for row in self.figures.formulas_before:
            before.setdefault((row.service_code, row.channel, row.kpi), set()).add(row.formula)
        for period in self.periods:
            if period.denominator:
                key = (period.service_code, period.channel, period.kpi)
                now.setdefault(key, set()).add(period.formula)
        for key, formulas in now.items():
            if len(formulas) > 1 or (key in before and before[key] != formulas):
                service, channel, kpi = key
                yield (
                    self.cells.text(self.figures.names.get(service, service)),
                    *(self.cells.text(channel), self.cells.word(f"kpi.{kpi}")),
                    self.cells.text(", ".join(sorted(before.get(key, set()))) or "–"),
                    self.cells.text(", ".join(sorted(formulas))),
                )

    def _service(self, row: Row[Any]) -> Cell:
        return self.cells.text(self.figures.names.get(row.service_code, row.service_code))

    def _who(self, row: Row[Any] | Period) -> tuple[Cell, Cell, Cell]:
        name = self.figures.names.get(row.service_code, row.service_code)
        channel = (
            self.cells.word("cell.all_channels")
            if row.channel == "all"
            else self.cells.text(row.channel)
        )
        return self.cells.text(name), channel, self.cells.word(f"kpi.{row.kpi}")

    def _table(self, key: str, heads: Sequence[str], rows: Iterable[tuple[Cell, ...]]) -> Table:
        say = self.cells.speech.say
        return Table(
            say(f"table.{key}"),
            say(f"table.{key}_note"),
            tuple(say(f"head.{head}") for head in heads),
            tuple(rows),
            say(f"table.{key}_empty"),
        )

    def _section(
        self, key: str, tables: tuple[Table, ...], charts: tuple[Chart, ...] = (), **values: Any
    ) -> Section:
        say = self.cells.speech.say
        return Section(
            *(key, say(f"section.{key}"), say(f"section.{key}_clauses")),
            *(say(f"section.{key}_intro", **values), tables, charts),
        )
