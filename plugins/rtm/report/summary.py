"""The first page in sentences: what conformed, what did not, and what nobody can judge.

A sentence stands for one row of the tables behind it; none says why something is as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rtm.report.cells import Speech
from rtm.report.contents import Finding
from rtm.report.figures import Figures
from rtm.report.periods import OF_PEOPLE, Period, Verdict

MOST_DATES = 7
FINDINGS = {
    Verdict.MET: Finding.CONFORMED,
    Verdict.MISSED: Finding.NOT_CONFORMED,
    Verdict.NO_VOLUME: Finding.NOT_JUDGED,
    Verdict.NOT_MEASURED: Finding.NOT_JUDGED,
}

Told = tuple[Finding, str]


@dataclass(frozen=True)
class Summary:
    """The findings of one month in one language."""

    figures: Figures
    periods: Sequence[Period]
    speech: Speech

    def lead(self) -> str:
        """How many targets were met, in one sentence."""
        counts = Counter(period.verdict for period in self.periods)
        return self.speech.say(
            "summary.lead",
            judged=counts[Verdict.MET] + counts[Verdict.MISSED],
            met=counts[Verdict.MET],
            missed=counts[Verdict.MISSED],
            no_volume=counts[Verdict.NO_VOLUME],
        )

    def findings(self) -> dict[Finding, list[str]]:
        found: dict[Finding, list[str]] = {finding: [] for finding in Finding}
        for finding, sentence in self._all():
            found[finding].append(sentence)
        return found

    def _all(self) -> Iterable[Told]:
        yield from self._kpis()
        yield from self._rosters()
        yield from self._breaches()
        yield from self._plans()
        yield from self._without_target()
        yield from self._changes()

    def _kpis(self) -> Iterator[Told]:
        for period in self.periods:
            finding = FINDINGS.get(period.verdict)
            if finding and period.comparator and period.target is not None:
                yield finding, self._kpi(period, period.comparator, period.target)

    def _kpi(self, period: Period, comparator: str, target: float) -> str:
        say, number = self.speech.say, self.speech.number
        facts = {
            "kpi": say(f"kpi.{period.kpi}"),
            "place": self.speech.place(self._name(period.service_code), period.channel),
            "target": self.speech.target(period.kpi, comparator, target),
            "first": self.speech.short_day(period.first),
            "last": self.speech.short_day(period.last),
        }
        if period.value is None:
            reason = "people" if period.kpi in OF_PEOPLE else "contacts"
            if period.verdict is Verdict.NOT_MEASURED:
                reason = "month"
            return say(f"finding.no_{reason}", **facts)
        return say(
            "finding.kpi",
            value=self.speech.value(period.kpi, period.value),
            numerator=number(period.numerator),
            denominator=number(period.denominator),
            formula=period.formula,
            days_met=period.days_met,
            days_measured=period.days_measured,
            **facts,
        )

    def _rosters(self) -> Iterator[Told]:
        known = {row.service_code: row for row in self.figures.rosters}
        for service in self.figures.services:
            name, row = self._name(service.service_code), known.get(service.service_code)
            if row is None or not row.due:
                yield Finding.NOT_JUDGED, self.speech.say("finding.roster_none", service=name)
            elif row.on_time == row.due:
                yield (
                    Finding.CONFORMED,
                    self.speech.say("finding.roster_kept", service=name, due=row.due),
                )
            else:
                yield (
                    Finding.NOT_CONFORMED,
                    self.speech.say(
                        "finding.roster_not_kept",
                        service=name,
                        on_time=row.on_time,
                        due=row.due,
                        dates=self._dates(row.not_kept),
                    ),
                )

    def _dates(self, dates: Sequence[date]) -> str:
        told = ", ".join(self.speech.short_day(day) for day in dates[:MOST_DATES])
        more = len(dates) - MOST_DATES
        return told if more <= 0 else self.speech.say("finding.more_dates", dates=told, more=more)

    def _breaches(self) -> Iterator[Told]:
        opened = sum(row.opened for row in self.figures.breaches)
        if not opened:
            # Where nothing was measured, nothing could be missed
            if self._is_measured():
                yield Finding.CONFORMED, self.speech.say("finding.breach_none")
            return
        yield (
            Finding.NOT_CONFORMED,
            self.speech.say(
                "finding.breach",
                opened=opened,
                critical=sum(row.critical for row in self.figures.breaches),
                still_open=sum(row.still_open for row in self.figures.breaches),
            ),
        )

    def _plans(self) -> Iterator[Told]:
        drafted = sum(row.drafted for row in self.figures.plans)
        if not drafted:
            yield Finding.NOT_JUDGED, self.speech.say("finding.plan_none")
            return
        effective = sum(row.effective for row in self.figures.plans)
        judged = effective + sum(row.not_effective for row in self.figures.plans)
        facts = {"drafted": drafted, "effective": effective, "judged": judged}
        if not judged:
            yield Finding.NOT_JUDGED, self.speech.say("finding.plan_unknown", **facts)
        else:
            finding = Finding.CONFORMED if effective == judged else Finding.NOT_CONFORMED
            yield finding, self.speech.say("finding.plan", **facts)

    def _without_target(self) -> Iterator[Told]:
        with_target = {period.service_code for period in self.periods if period.target is not None}
        for service in self.figures.services:
            if service.service_code not in with_target:
                yield (
                    Finding.NOT_JUDGED,
                    self.speech.say("finding.no_target", service=self._name(service.service_code)),
                )

    def _changes(self) -> Iterator[Told]:
        changed = len(self.figures.targets) + len(self.figures.service_changes)
        if changed:
            yield Finding.NOT_JUDGED, self.speech.say("finding.changed", changed=changed)
        if not self._is_measured():
            yield Finding.NOT_JUDGED, self.speech.say("finding.nothing")

    def _is_measured(self) -> bool:
        return any(period.denominator for period in self.periods)

    def _name(self, service_code: str) -> str:
        return self.figures.names.get(service_code, service_code)
