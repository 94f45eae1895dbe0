"""How well breaches are found: precision, recall and delay on labelled simulated days, beside two
rules that many centres use.

The windows are computed by the very statement of the marts, for every minute of the day, and
followed by the very code that opens and clears breaches.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.labelled_days import (
    CREWS,
    KPIS,
    MINUTES,
    Counts,
    Episode,
    Truth,
    crew_of,
    day_start,
    deliver_days,
    true_rates,
)
from benchmarks.results import Result
from rtm.breach.watching import Verdict, Watch
from rtm.cycle import System, run_step
from rtm.notify import ON_PAPER
from rtm.running_dbt import compile_inline
from rtm.settings import Settings
from rtm.warehouse.embedded import EmbeddedPostgres

DAYS = 100
SEEDS, FULL_SEEDS = 8, 12
OWN_SEED = 1
GOAL_PRECISION, GOAL_RECALL, GOAL_DELAY_MIN = 0.95, 0.95, 2.0
LOOK_BACK_MIN = 35
"""A breach is false when its target was truly met in all minutes so long before it opened."""
FOLLOWS_MIN = 10
"""What is opened so soon after a miss has ended still tells of it."""
INTERVAL_MIN, MIN_VOLUME = 30, 10

WINDOWS = """
create temp table decided_contact on commit drop as {contacts};
create index on decided_contact (service_code, channel, kpi, decided_at);
create index on decided_contact using gist (waits);
analyze decided_contact
"""


@dataclass(frozen=True)
class Score:
    """What one rule found."""

    found: int
    missed: int
    false: int
    between: int
    """Opened while the target was truly missed, but not by enough that it must be found."""
    delays: list[int]

    @property
    def precision(self) -> float:
        told = self.found + self.false
        return self.found / told if told else 1.0

    @property
    def recall(self) -> float:
        there = self.found + self.missed
        return self.found / there if there else 1.0

    @property
    def delay(self) -> float:
        return statistics.median(self.delays) if self.delays else float("inf")


def measure_detection(home: Path, full: bool) -> list[Result]:
    """Scores of three rules on days without and with trouble."""
    seeds = FULL_SEEDS if full else SEEDS
    numbers = range(DAYS)
    truths = true_rates(numbers, range(OWN_SEED + 1, OWN_SEED + 1 + seeds))
    settings = Settings(
        home=home, landing_url=str(home / "landing"), database_url=None, smtp_url=ON_PAPER
    )
    days_counted = deliver_days(numbers, OWN_SEED, Path(settings.landing_url))
    try:
        system = System.open(settings)
        # Not a moment of the next day: what was usual before these days nobody knows
        end = day_start(0) + timedelta(days=1) - timedelta(seconds=1)
        for step in ("land_feeds", "build_marts"):
            run_step(system, step, end)
        opened = {"rule": breaches_of_the_product(system)}
    finally:
        EmbeddedPostgres(home).stop()
    for rule, length in (("interval below target", 1), ("two in a row", 2)):
        opened[rule] = {
            (number, kpi): _in_row(counts, KPIS[kpi].target, length)
            for number, counted in days_counted.items()
            for kpi, counts in counted.items()
        }
    judged = {
        (rule, kpi): {
            number: (truths[number, kpi], breaches.get((number, kpi), [])) for number in numbers
        }
        for rule, breaches in opened.items()
        for kpi in KPIS
    }
    scores = {key: score(list(of_days.values())) for key, of_days in judged.items()}
    _print(f"Breaches on {DAYS} labelled days", scores)
    by_crew = {
        (f"crews of {crew}", kpi): score(
            [day for number, day in judged["rule", kpi].items() if crew_of(number) == crew]
        )
        for crew in CREWS
        for kpi in KPIS
    }
    _print("The rule by size of the service", by_crew)
    detail = f"{DAYS} days, up to {seeds} seeds each"
    return [
        *(result for kpi in KPIS for result in _results(kpi, scores["rule", kpi], detail)),
        *(
            result
            for (told, kpi), one in (scores | by_crew).items()
            if told != "rule"
            for result in _beside(told, kpi, one, detail)
        ),
    ]


Breaches = dict[tuple[int, str], list[Episode]]


def breaches_of_the_product(system: System) -> Breaches:
    """Minutes in which the product has a breach open, by day and KPI."""
    start = day_start(0)
    contacts, windows = (
        compile_inline(system.warehouse, system.settings, template)
        for template in (
            f'{{{{ decided_contacts("{_span(start)}") }}}}',
            "{{ kpi_windows('moment', 'decided_contact') }}",
        )
    )
    watches: dict[tuple[str, str], Watch] = {}
    found: Breaches = {}
    with system.warehouse.engine().begin() as connection:
        for statement in WINDOWS.format(contacts=contacts).split(";"):
            connection.execute(text(statement))
        connection.execute(
            text(
                "create temp table moment on commit drop as select moment from generate_series("
                " cast(:first as timestamptz), cast(:last as timestamptz), '1 minute')"
                " as minute (moment)"
            ),
            {"first": start, "last": start + timedelta(days=1)},
        )
        rows = connection.execute(
            text(f"select * from ({windows}) as told where kpi = any(:kpis) order by moment"),
            {"kpis": list(KPIS)},
        )
        for row in rows:
            key = (row.service_code, row.kpi)
            verdict = Verdict.of(row._mapping)
            watches[key] = watch = watches.get(key, Watch()).at(row.moment, verdict)
            minute = int((row.moment - start).total_seconds() // 60)
            breaches = found.setdefault((int(row.service_code[-3:]), row.kpi), [])
            is_open = bool(breaches) and breaches[-1].end == MINUTES + 1
            if not is_open and watch.opens(row.moment, verdict):
                breaches.append(Episode(minute, MINUTES + 1))
            elif is_open and watch.clears(row.moment, verdict):
                breaches[-1] = Episode(breaches[-1].start, minute)
    return found


def _span(start: datetime) -> str:
    until = start + timedelta(days=1)
    return (
        "(select 1 as span_id, null::text as service_code, null::numeric as at_risk_s,"
        f" '{start}'::timestamptz as since, '{until}'::timestamptz as until)"
    )


def _in_row(counts: Counts, target: float, length: int) -> list[Episode]:
    """Breaches of a rule that opens at the end of so many intervals in a row below the target, and
    clears at the end of the first one that is not."""
    found: list[Episode] = []
    low, is_open = 0, False
    intervals = counts.reshape(2, -1, INTERVAL_MIN).sum(axis=2)
    for number, (met, all_of) in enumerate(intervals.T, start=1):
        if all_of < MIN_VOLUME:
            continue
        low = low + 1 if 100 * met / all_of < target else 0
        if low >= length and not is_open:
            found.append(Episode(number * INTERVAL_MIN, MINUTES + 1))
            is_open = True
        elif not low and is_open:
            found[-1] = Episode(found[-1].start, number * INTERVAL_MIN)
            is_open = False
    return found


def score(days: Sequence[tuple[Truth, list[Episode]]]) -> Score:
    """Compares what was opened with what was true."""
    found = missed = false = between = 0
    delays = []
    for truth, breaches in days:
        told: set[Episode] = set()
        for episode in truth.episodes:
            telling = [
                breach
                for breach in breaches
                if breach.start < episode.end + FOLLOWS_MIN and breach.end > episode.start
            ]
            if telling:
                found += 1
                told.update(telling)
                delays.append(max(0, min(breach.start for breach in telling) - episode.start))
            else:
                missed += 1
        for breach in breaches:
            if breach in told:
                continue
            if truth.is_met_throughout(breach.start - LOOK_BACK_MIN, breach.start):
                false += 1
            else:
                between += 1
    return Score(found, missed, false, between, delays)


def _results(kpi: str, score: Score, detail: str) -> Iterator[Result]:
    told = f"{detail}: {score.found} found, {score.missed} missed, {score.false} false"
    told += f", {score.between} between"
    yield Result(f"detection_precision_{kpi}", score.precision, "", GOAL_PRECISION, ">=", told)
    yield Result(f"detection_recall_{kpi}", score.recall, "", GOAL_RECALL, ">=", told)
    yield Result(
        *(f"detection_delay_{kpi}", score.delay, "min", GOAL_DELAY_MIN, "<="),
        "median from the minute the true rate fell, with a cycle every minute",
    )


def _beside(told: str, kpi: str, score: Score, detail: str) -> Iterator[Result]:
    """Figures that are told for comparison: of other rules, of services of one size."""
    name = f"{kpi}_{told.replace(' ', '_')}"
    found = f"{told}, {detail}: {score.found} found, {score.missed} missed, {score.false} false"
    yield Result(f"detection_precision_{name}", score.precision, "", None, ">=", found)
    yield Result(f"detection_recall_{name}", score.recall, "", None, ">=", found)
    yield Result(f"detection_delay_{name}", score.delay, "min", None, "<=", found)


def _print(title: str, scores: dict[tuple[str, str], Score]) -> None:
    table = Table(
        *("rule", "kpi", "precision", "recall", "delay min", "found", "missed", "false", "between"),
        title=title,
    )
    for (rule, kpi), one in scores.items():
        table.add_row(
            *(rule, kpi, f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.delay:.1f}"),
            *(str(n) for n in (one.found, one.missed, one.false, one.between)),
        )
    Console(highlight=False, width=140).print(table)
