"""Simulated days of which it is known when a target was truly missed.

What a day shows is chance: with another day's customers the same trouble shows at another minute.
So each day is simulated again and again with the same trouble and other customers, and the share of
all those contacts that met their target, minute by minute, is its true rate. The services are of
three sizes: the more customers there are, the fewer simulations it takes.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtm.simulator.presets import TROUBLES, labelled_scenario
from rtm.simulator.running import simulate
from rtm.simulator.scenario import Scenario

MINUTES = 24 * 60
CREWS = (30, 60, 120)
"""Agents of a channel who begin together."""
FEWEST_SEEDS = 3


@dataclass(frozen=True)
class Judged:
    """A KPI as the simulated services agreed it."""

    feed: str
    key: str
    target: float


KPIS = {
    "scr": Judged("call", "call_id", 95.0),
    "response_time": Judged("conversation", "conversation_id", 90.0),
}
OPENS, CLOSES = time(7), time(23)
RESPONSE_TARGET_S = 60
SHORT_ABANDON_S = 5
MATERIAL = 5.0
"""Points below the target from which on a miss must be found."""
LASTS_MIN, GAP_MIN = 10, 10
SMOOTHED_MIN = 5

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Episode:
    """Minutes of a day, the end not included, in which a target was truly missed."""

    start: int
    end: int


@dataclass(frozen=True)
class Truth:
    """The true rate of one KPI on one day, in percent by minute; nan where nobody came.

    `rate` is taken over the minutes around each, `rate_of_minute` of each by itself.
    """

    rate: Counts
    rate_of_minute: Counts
    target: float

    @property
    def episodes(self) -> list[Episode]:
        """Stretches in which the rate lay well below the target for long enough to act on."""
        low = self.rate < self.target - MATERIAL
        found: list[Episode] = []
        for minute in np.flatnonzero(low):
            if found and minute - found[-1].end <= GAP_MIN:
                found[-1] = Episode(found[-1].start, int(minute) + 1)
            else:
                found.append(Episode(int(minute), int(minute) + 1))
        return [
            Episode(self._falls_at(episode), episode.end)
            for episode in found
            if episode.end - episode.start >= LASTS_MIN
        ]

    def _falls_at(self, episode: Episode) -> int:
        """The first minute of an episode that is low by itself."""
        low = self.rate_of_minute[episode.start : episode.end] < self.target - MATERIAL
        return episode.start + int(np.argmax(low))

    def is_met_throughout(self, first: int, last: int) -> bool:
        rates = self.rate[max(first, 0) : last + 1]
        return bool(np.all((rates >= self.target) | np.isnan(rates)))


def crew_of(number: int) -> int:
    """How large the service of a day is: each trouble befalls each size in turn."""
    return CREWS[(number + number // len(TROUBLES)) % len(CREWS)]


def true_rates(numbers: Sequence[int], seeds: Sequence[int]) -> dict[tuple[int, str], Truth]:
    """The true rates of these days, from simulations of each with these seeds: all of them of a
    small service, of larger ones as many as have as many customers."""
    jobs = [
        (number, seed)
        for number in numbers
        for seed in seeds[: max(FEWEST_SEEDS, len(seeds) * CREWS[0] // crew_of(number))]
    ]
    pooled: dict[tuple[int, str], Counts] = {
        (number, kpi): np.zeros((2, MINUTES)) for number in numbers for kpi in KPIS
    }
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for (number, _), counts in zip(
            jobs, pool.map(_counted, *zip(*jobs, strict=True)), strict=True
        ):
            for kpi, count in counts.items():
                pooled[number, kpi] += count
    return {
        (number, kpi): Truth(_percent(_around(count)), _percent(count), KPIS[kpi].target)
        for (number, kpi), count in pooled.items()
    }


def deliver_days(numbers: Sequence[int], seed: int, landing: Path) -> dict[int, dict[str, Counts]]:
    """The days as files of one landing folder: what was agreed, calls and conversations.

    Returns for each day what `met_by_minute` counts in it.
    """
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        counted = pool.map(_deliver, numbers, repeat(seed), repeat(landing))
        return dict(zip(numbers, counted, strict=True))


def day_start(number: int) -> datetime:
    return _scenario(number, 0).start


def met_by_minute(landing: Path, start: datetime) -> dict[str, Counts]:
    """Of the contacts of one day decided in each minute: how many met their target, how many not.

    Shape (2, minutes): met and all. Read from the files alone, by the definitions, without marts.
    """
    counts = {kpi: np.zeros((2, MINUTES)) for kpi in KPIS}
    for kpi, decide in (("scr", _decided_call), ("response_time", _decided_conversation)):
        judged = KPIS[kpi]
        last: dict[str, dict[str, str]] = {}
        for row in _rows(landing / judged.feed):
            known = last.get(row[judged.key])
            if known is None or row["updated_at"] >= known["updated_at"]:
                last[row[judged.key]] = row
        for decided in filter(None, map(decide, last.values())):
            at, is_met = decided
            minute = int((at - start).total_seconds() // 60)
            if 0 <= minute < MINUTES:
                counts[kpi][:, minute] += (is_met, 1)
    return counts


def _scenario(number: int, seed: int) -> Scenario:
    return labelled_scenario(number, seed, crew_of(number))


def _counted(number: int, seed: int) -> dict[str, Counts]:
    with tempfile.TemporaryDirectory(prefix="rtm-day-") as folder:
        landing = Path(folder) / "landing"
        scenario = _scenario(number, seed)
        simulate(scenario, landing, scenario.start + timedelta(days=1, hours=1))
        return met_by_minute(landing, scenario.start)


def _deliver(number: int, seed: int, landing: Path) -> dict[str, Counts]:
    with tempfile.TemporaryDirectory(prefix="rtm-day-") as folder:
        simulated = Path(folder) / "landing"
        scenario = _scenario(number, seed)
        simulate(scenario, simulated, scenario.start + timedelta(days=1, hours=1))
        for feed in ("service", "team", "kpi_target", "call", "conversation"):
            (landing / feed).mkdir(parents=True, exist_ok=True)
            for file in sorted((simulated / feed).iterdir()):
                arrived_s = file.stat().st_mtime
                target = landing / feed / f"{number:03d}_{file.name}"
                target.write_bytes(file.read_bytes())
                os.utime(target, (arrived_s, arrived_s))
        return met_by_minute(simulated, scenario.start)


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.iterdir()):
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def _decided_call(row: dict[str, Any]) -> tuple[datetime, bool] | None:
    """When it was decided whether the call succeeded, and whether it did; None if it counts not."""
    outcome = row["outcome"]
    offered = _instant(row["queued_at"] or row["arrived_at"])
    if outcome in ("closed", "open") or (outcome == "abandoned" and not row["queued_at"]):
        return None
    if outcome == "answered":
        return _instant(row["answered_at"]), True
    left = _instant(row["left_at"]) if row["left_at"] else offered
    if outcome == "abandoned" and (left - offered).total_seconds() <= SHORT_ABANDON_S:
        return None
    return left, outcome == "self_served"


def _decided_conversation(row: dict[str, Any]) -> tuple[datetime, bool] | None:
    received = _instant(row["received_at"])
    due = _opened(received) + timedelta(seconds=RESPONSE_TARGET_S)
    if row["first_response_at"] and _instant(row["first_response_at"]) <= due:
        return _instant(row["first_response_at"]), True
    if not row["first_response_at"] and row["closed_at"] and _instant(row["closed_at"]) <= due:
        return None
    return due, False


def _opened(moment: datetime) -> datetime:
    """The moment, or when the service opens next."""
    if moment.time() < OPENS:
        return datetime.combine(moment.date(), OPENS, moment.tzinfo)
    if moment.time() >= CLOSES:
        return datetime.combine(moment.date() + timedelta(days=1), OPENS, moment.tzinfo)
    return moment


def _instant(cell: str) -> datetime:
    return datetime.fromisoformat(cell)


def _around(counts: Counts) -> Counts:
    kernel = np.ones(SMOOTHED_MIN)
    return np.stack([np.convolve(count, kernel, mode="same") for count in counts])


def _percent(counts: Counts) -> Counts:
    met, all_of = counts
    return np.divide(100 * met, all_of, out=np.full_like(met, np.nan), where=all_of > 0)
