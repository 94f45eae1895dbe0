"""Runs the cycle over a landing folder under a virtual clock: the same steps as the minute DAG.

A file arrives at its modification time and is taken in at the first tick at or after it. The same
folder and the same ticks always give the same marts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from rtm.cycle import Did, System, run_cycle


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
) -> int:
    """Runs one cycle for each tick; returns how many there were."""
    clock = list(ticks(start, end, every))
    for tick in clock:
        done = run_cycle(system, tick)
        if progress:
            progress(tick, done)
    return len(clock)
