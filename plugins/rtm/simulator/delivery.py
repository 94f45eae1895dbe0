"""Puts finished files into the landing folder, at the moment each would have arrived.

A file is complete and has its arrival as modification time before it gets its name. What a file
says is decided elsewhere.
"""

from __future__ import annotations

import gzip
import heapq
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from rtm.simulator.scenario import Scenario
from rtm.simulator.times import to_datetime


@dataclass(order=True, frozen=True)
class Parcel:
    """A file on its way."""

    arrives_ms: int
    number: int
    feed: str = field(compare=False)
    name: str = field(compare=False)
    text: str = field(compare=False)


class Courier:
    """Holds parcels back until they are due; earlier ones than `delivered_ms` are there already."""

    def __init__(self, landing: Path, *, compress: bool, delivered_ms: int | None) -> None:
        self._landing = landing
        self._compress = compress
        self._delivered_ms = delivered_ms
        self._waiting: list[Parcel] = []
        self._accepted = 0
        self.files_written = 0

    def accept(self, feed: str, name: str, text: str, arrives_ms: int) -> None:
        self._accepted += 1
        if self._delivered_ms is None or arrives_ms > self._delivered_ms:
            parcel = Parcel(arrives_ms, self._accepted, feed, name, text)
            heapq.heappush(self._waiting, parcel)

    def deliver_until(self, now_ms: int) -> None:
        while self._waiting and self._waiting[0].arrives_ms <= now_ms:
            self._deliver(heapq.heappop(self._waiting))

    def _deliver(self, parcel: Parcel) -> None:
        content = parcel.text.encode()
        name = parcel.name
        if self._compress:
            # No time and no name inside, or the same seed would give other bytes.
            content, name = gzip.compress(content, mtime=0), f"{name}.gz"
        folder = self._landing / parcel.feed
        if not folder.is_dir():
            folder.mkdir(parents=True)
        unfinished = f"{folder}/.{name}"
        with open(unfinished, "wb") as file:
            file.write(content)
        os.utime(unfinished, ns=(parcel.arrives_ms * 1_000_000,) * 2)
        os.replace(unfinished, f"{folder}/{name}")
        self.files_written += 1


@dataclass(frozen=True)
class Progress:
    """How far a landing folder has been filled, so that another process can go on from there."""

    landing: Path
    truth: Path

    @property
    def path(self) -> Path:
        return self.truth / "delivered.json"

    def delivered_ms(self, scenario: Scenario) -> int | None:
        """None where nothing of exactly this scenario has been delivered."""
        noted = self.read()
        if noted is None or noted["fingerprint"] != scenario.fingerprint:
            return None
        return int(str(noted["delivered_until_ms"]))

    def read(self) -> dict[str, object] | None:
        """None also where the landing folder has been emptied since."""
        if not self.path.exists() or not any(self.landing.glob("*/*")):
            return None
        noted: dict[str, object] = json.loads(self.path.read_text())
        return noted

    def note(self, scenario: Scenario, until_ms: int) -> None:
        noted = {
            "scenario": scenario.name,
            "seed": scenario.seed,
            "anchor": scenario.anchor and scenario.anchor.isoformat(),
            "slice_s": scenario.slice_s,
            "fingerprint": scenario.fingerprint,
            "delivered_until": to_datetime(until_ms, scenario.start.tzinfo).isoformat(),
            "delivered_until_ms": until_ms,
        }
        unfinished = self.path.with_name(f".{self.path.name}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(noted, indent=2) + "\n")
        os.replace(unfinished, self.path)
