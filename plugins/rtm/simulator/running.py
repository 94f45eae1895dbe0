"""Runs a scenario: at once up to a moment, or along with the wall clock.

Both give the same files. The truth is written beside the landing folder unless another folder is
named; with it stands how far the landing folder is filled, so that a live run can be resumed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rtm.simulator.centre import Centre, SimulationSummary, Watcher
from rtm.simulator.delivery import Progress
from rtm.simulator.scenario import Scenario


def truth_folder(landing: Path) -> Path:
    return landing.parent / "truth"


def progress_of(landing: Path, truth: Path | None = None) -> Progress:
    return Progress(landing, truth or truth_folder(landing))


def simulate(
    scenario: Scenario,
    landing: Path,
    until: datetime,
    *,
    progress: Watcher | None = None,
    truth: Path | None = None,
) -> SimulationSummary:
    """Writes every file that arrives up to `until`, also those that are there already."""
    centre = Centre(scenario, landing, truth or truth_folder(landing), resume=False)
    return centre.run_until(until, progress)


class Live:
    """A scenario that goes on. What was delivered by an earlier run is not delivered again."""

    def __init__(self, scenario: Scenario, landing: Path, *, truth: Path | None = None) -> None:
        self._centre = Centre(scenario, landing, truth or truth_folder(landing), resume=True)
        self._stop = threading.Event()

    def catch_up(self, now: datetime) -> SimulationSummary:
        """Simulates up to `now` and delivers what has arrived by then and is new."""
        return self._centre.run_until(now)

    def stop(self) -> None:
        self._stop.set()

    def run_forever(self, interval_s: float = 15, *, progress: Watcher | None = None) -> None:
        """Follows the wall clock until it is stopped."""
        while not self._stop.is_set():
            now = datetime.now(UTC)
            self.catch_up(now)
            if progress:
                progress(now)
            self._stop.wait(interval_s)

    @contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT let what is under way end, and no more begin."""
        previous = {
            number: signal.signal(number, self._stop_on_signal)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _stop_on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()
