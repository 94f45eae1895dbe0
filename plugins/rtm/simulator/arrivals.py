"""When contacts come: a Poisson process whose rate follows the hour and the surges.

Each service, channel and day has a random stream of its own, so that neither the staff nor another
channel nor a surge changes the customers that come anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zlib import crc32

import numpy as np
from numpy.random import Generator

from rtm.simulator.contacts import Draws
from rtm.simulator.scenario import ChannelModel, ServiceModel
from rtm.simulator.times import HOUR_MS, MS, to_ms

_BASE, _SURGE = 1, 2


@dataclass(frozen=True)
class Window:
    """A fault of a channel, in the clock of the simulation."""

    start_ms: int
    end_ms: int
    amount: float

    def holds(self, moment_ms: int) -> bool:
        return self.start_ms <= moment_ms < self.end_ms


@dataclass(frozen=True)
class Demand:
    """The contacts of one channel of one service."""

    seed: int
    service: ServiceModel
    model: ChannelModel
    surges: Sequence[Window] = ()

    def on(self, local_date: date) -> Iterator[tuple[int, Draws]]:
        """Moments of arrival in order, each with what the contact will need."""
        midnight_ms = to_ms(datetime.combine(local_date, time(), self.service.zone))
        base = self._random(local_date, _BASE)
        contacts = self._contacts(base, self._base_moments(base, midnight_ms))
        for number, surge in enumerate(self.surges):
            extra = self._random(local_date, _SURGE, number)
            contacts += self._contacts(extra, self._surge_moments(extra, midnight_ms, surge))
        yield from sorted(contacts, key=lambda contact: contact[0])

    def _random(self, local_date: date, *stream: int) -> Generator:
        names = (self.service.service_code, self.model.channel)
        key = [crc32(name.encode()) for name in names]
        return np.random.default_rng([self.seed, *key, local_date.toordinal(), *stream])

    def _base_moments(self, random: Generator, midnight_ms: int) -> list[int]:
        moments: list[int] = []
        for hour, rate in enumerate(self.model.arrivals_per_hour):
            start_ms = midnight_ms + hour * HOUR_MS
            moments += _moments(random, rate, start_ms, start_ms + HOUR_MS)
        return moments

    def _surge_moments(self, random: Generator, midnight_ms: int, surge: Window) -> list[int]:
        moments: list[int] = []
        for hour, rate in enumerate(self.model.arrivals_per_hour):
            start_ms = max(surge.start_ms, midnight_ms + hour * HOUR_MS)
            end_ms = min(surge.end_ms, midnight_ms + (hour + 1) * HOUR_MS)
            moments += _moments(random, rate * (surge.amount - 1), start_ms, end_ms)
        return moments

    def _contacts(self, random: Generator, moments: list[int]) -> list[tuple[int, Draws]]:
        model, count = self.model, len(moments)
        first_step_s = model.menu_s if model.is_voice else model.first_reply_s
        has_hold = random.random(count) < (model.hold_share if model.is_voice else 0.0)
        columns = (
            _lognormal(random, model.talk_s, 0.55, count),
            np.where(has_hold, _lognormal(random, model.hold_s, 0.5, count), 0),
            _lognormal(random, model.acw_s, 0.5, count),
            (random.exponential(model.patience_s * MS, count)).astype(np.int64) + 1,
            _lognormal(random, first_step_s, 0.35, count),
        )
        fates = random.random(count).tolist()
        rows = zip(moments, *(column.tolist() for column in columns), fates, strict=True)
        return [(moment, Draws(*drawn)) for moment, *drawn in rows]


def _moments(random: Generator, per_hour: float, start_ms: int, end_ms: int) -> list[int]:
    if end_ms <= start_ms or per_hour <= 0:
        return []
    count = random.poisson(per_hour * (end_ms - start_ms) / HOUR_MS)
    drawn: list[int] = random.integers(start_ms, end_ms, count).tolist()
    return sorted(drawn)


def _lognormal(random: Generator, mean_s: float, sigma: float, count: int) -> np.ndarray:
    """Durations in ms with the given mean; a long tail, as handling times have."""
    drawn = random.lognormal(np.log(mean_s * MS) - sigma**2 / 2, sigma, count)
    return np.maximum(drawn.astype(np.int64), MS)
