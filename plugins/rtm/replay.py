"""Runs the cycle over a landing folder under a virtual clock: the same steps as the minute DAG.

A file arrives at its modification time and is taken in at the first tick at or after it. The same
folder and the same ticks always give the same marts: time only goes forward, so a replay goes on
where an earlier one of the same warehouse ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rtm.cycle import Did, System, run_cycle
from rtm.models import built_as_of


class ReplayError(ValueError):
    """The replay cannot be done on this warehouse; the message says what to do."""


@dataclass(frozen=True)
class Replayed:
    """How many ticks were run, and how many an earlier run had done."""

    run: int
    done_before: int


def ticks(start: datetime, end: datetime, every: timedelta) -> Iterator[datetime]:
    """START, START + EVERY, … and always END itself."""
    tick = start
    while tick < end:
        yield tick
        tick += every
    yield end


def replay(
    system: System,
    start: datetime,
    end: datetime,
    every: timedelta,
    progress: Callable[[datetime, dict[str, Did]], None] | None = None,
) -> Replayed:
    """Runs one cycle for each tick that the warehouse has not passed.

    Raises ReplayError if it has passed them all: what happened since cannot be undone.
    """
    built = built_as_of(system.warehouse)
    if built and end < built:
        raise ReplayError(
            f"the warehouse stands at {built.isoformat()}, after the last tick {end.isoformat()};"
            " give an empty database with --database-url, or another RTM_HOME"
        )
    clock = list(ticks(start, end, every))
    # The last one is run again: it may have been cut off.
    ahead = [tick for tick in clock if built is None or tick >= built]
    for tick in ahead:
        done = run_cycle(system, tick)
        if progress:
            progress(tick, done)
    return Replayed(len(ahead), len(clock) - len(ahead))
