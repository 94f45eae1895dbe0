"""How many agents a steady load takes: Erlang A, where customers give up, and Erlang C, where not.

One formula for both: the density of the wait that a customer of endless patience would have
(Baccelli and Hebuterne 1981; Zeltyn and Mandelbaum 2005, M/M/n+M). pyworkforce has Erlang C alone,
and no customer who gives up. Borders: stationary load, exponential times; what changes within an
interval is for the re-run queue (`queue`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import inf

import numpy as np

from rtm.recovery.analysis.queue import Numbers

STEPS = 4000
MOST_AGENTS = 5000


@dataclass(frozen=True)
class Load:
    """Contacts that come by chance, so many a second, to agents who take one at a time."""

    per_s: float
    handling_s: float
    patience_s: float = inf
    """Mean time until a waiting customer gives up."""

    @property
    def erlangs(self) -> float:
        return self.per_s * self.handling_s


@dataclass(frozen=True)
class Served:
    """What a number of agents does with a load; shares of all contacts."""

    waits_share: float
    abandoned_share: float
    served_in_s: Callable[[float], float]
    """The share that is served within so many seconds."""
    mean_wait_s: float
    """Of all contacts, those who give up included."""


@lru_cache(maxsize=4096)
def served(load: Load, agents: int) -> Served:
    """Erlang A; Erlang C with endless patience, where too few agents serve nobody in time."""
    if load.per_s <= 0:
        return Served(0.0, 0.0, lambda within_s: 1.0, 0.0)
    is_patient = load.patience_s == inf
    if agents < 1 or (is_patient and agents <= load.erlangs):
        return Served(1.0, 0.0 if is_patient else 1.0, lambda within_s: 0.0, load.patience_s)
    wait_s, weight, scale = _wait_density(load, agents)
    at_once = _inverse_blocking(load.erlangs, agents - 1) * scale
    every = _cumulated(wait_s, load.per_s * weight)
    patient = np.exp(-wait_s / load.patience_s)
    reached = _cumulated(wait_s, load.per_s * weight * patient)
    norm = at_once + every[-1]
    if norm == inf:
        return Served(0.0, 0.0, lambda within_s: 1.0, 0.0)

    def served_in_s(within_s: float) -> float:
        if within_s < 0:
            return 0.0
        return float((at_once + np.interp(within_s, wait_s, reached)) / norm)

    # A mean wait is the chance to be waiting still, over time
    longer = (every[-1] - every) / norm
    return Served(
        waits_share=float(every[-1] / norm),
        abandoned_share=float(max(1.0 - (at_once + reached[-1]) / norm, 0.0)),
        served_in_s=served_in_s,
        mean_wait_s=float(np.trapezoid(longer * patient, wait_s)),
    )


def agents_for(load: Load, reaches: Callable[[Served], bool]) -> int | None:
    """The fewest agents of whom this holds; None if no number does. More agents never do worse."""
    if load.per_s <= 0:
        return 0
    low, high = 0, max(int(load.erlangs) + 1, 1)
    while not reaches(served(load, high)):
        low, high = high, high * 2
        if high > MOST_AGENTS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(served(load, middle)) else (middle, high)
    return high


def _inverse_blocking(erlangs: float, agents: int) -> float:
    """One through Erlang B: of all states up to this one, as many times the last."""
    inverse = 1.0
    for number in range(1, agents + 1):
        inverse = 1.0 + inverse * number / erlangs
    return inverse


def _wait_density(load: Load, agents: int) -> tuple[Numbers, Numbers, float]:
    """Waits, in proportion how likely each is, and that proportion at no wait."""
    drain = agents / load.handling_s

    def exponent(wait_s: Numbers) -> Numbers:
        grown = load.per_s * wait_s
        if load.patience_s != inf:
            grown = load.per_s * load.patience_s * -np.expm1(-wait_s / load.patience_s)
        return np.asarray(grown - drain * wait_s)

    likeliest_s = 0.0
    if load.patience_s != inf and load.per_s > drain:
        likeliest_s = load.patience_s * float(np.log(load.per_s / drain))
    highest = float(exponent(np.array([likeliest_s]))[0])
    reach_s = likeliest_s + 30.0 / drain
    while exponent(np.array([reach_s]))[0] - highest > -25.0:
        reach_s *= 1.5
    # Squared steps: close together at the start, where the density may fall at once
    wait_s = reach_s * np.linspace(0.0, 1.0, STEPS) ** 2
    return wait_s, np.exp(exponent(wait_s) - highest), float(np.exp(-highest))


def _cumulated(at: Numbers, height: Numbers) -> Numbers:
    areas = np.diff(at) * (height[1:] + height[:-1]) / 2
    return np.concatenate(([0.0], np.cumsum(areas)))
