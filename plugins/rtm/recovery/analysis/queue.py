"""A first-come-first-served queue whose number of servers changes by the minute.

Pure reckoning on given arrivals: who comes, how long each takes and for how long each would wait is
decided by the caller. Served are whole contacts; a server who leaves ends the present one first.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush, heapreplace
from math import floor, inf

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

MINUTE_S = 60.0

Change = tuple[float, int]
"""At a moment, so many servers more or, where negative, fewer."""


def changes_of(servers_by_minute: Sequence[float] | Numbers) -> list[Change]:
    """Whole servers that on average are as many as these, minute by minute.

    What is cut off one minute is made up for in the next ones: half a server is one every other
    minute.
    """
    changes: list[Change] = []
    carried, standing = 0.0, 0
    for minute, wanted in enumerate(servers_by_minute):
        # Nearest, so that small errors of the sum take nobody away
        whole = max(floor(wanted + carried + 0.5), 0)
        carried += wanted - whole
        if whole != standing:
            changes.append((minute * MINUTE_S, whole - standing))
            standing = whole
    return changes


def serve(
    arrives_s: Sequence[float],
    handling_s: Sequence[float],
    patience_s: Sequence[float],
    changes: Sequence[Change],
) -> list[float]:
    """When each contact is served, in the order of arrival; infinite for one who gives up.

    All begin at the same zero; the first arrival finds whoever the changes up to it have brought.
    """
    free: list[float] = []
    starts: list[float] = []
    upcoming = iter([*changes, (inf, 0)])
    change_s, number = next(upcoming)
    for arrived_s, takes_s, endures_s in zip(arrives_s, handling_s, patience_s, strict=True):
        while True:
            start_s = max(arrived_s, free[0]) if free else inf
            if change_s > start_s or change_s == inf:
                break
            _change(free, change_s, number)
            change_s, number = next(upcoming)
        if start_s - arrived_s > endures_s or start_s == inf:
            starts.append(inf)
            continue
        heapreplace(free, start_s + takes_s)
        starts.append(start_s)
    return starts


def serve_on_lines(
    arrives_s: Sequence[float],
    handling_s: Sequence[float],
    patience_s: Sequence[float],
    changes: Sequence[Change],
    is_refused_when_full: Sequence[bool],
    lines: int,
) -> tuple[list[float], list[bool]]:
    """The same, where some find no line if so many are taken; tells who found none as well."""
    free: list[float] = []
    taken: list[float] = []
    starts: list[float] = []
    refused: list[bool] = []
    upcoming = iter([*changes, (inf, 0)])
    change_s, number = next(upcoming)
    callers = zip(arrives_s, handling_s, patience_s, is_refused_when_full, strict=True)
    for arrived_s, takes_s, endures_s, may_be_refused in callers:
        while taken and taken[0] <= arrived_s:
            heappop(taken)
        refused.append(may_be_refused and len(taken) >= lines)
        if refused[-1]:
            starts.append(inf)
            continue
        while True:
            start_s = max(arrived_s, free[0]) if free else inf
            if change_s > start_s or change_s == inf:
                break
            _change(free, change_s, number)
            change_s, number = next(upcoming)
        if start_s - arrived_s > endures_s or start_s == inf:
            starts.append(inf)
            heappush(taken, arrived_s + endures_s)
            continue
        heapreplace(free, start_s + takes_s)
        heappush(taken, start_s + takes_s)
        starts.append(start_s)
    return starts, refused


def _change(free: list[float], at_s: float, number: int) -> None:
    for _ in range(number):
        heappush(free, at_s)
    for _ in range(min(-number, len(free))):
        # The one that is idle, else the next to become so
        heappop(free)
