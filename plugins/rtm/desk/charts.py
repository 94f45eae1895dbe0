"""Places lines, bars and marks on a drawing; the templates turn them into SVG.

Numbers and instants come in, coordinates go out. A value that is missing interrupts the line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SPARK_WIDTH, SPARK_HEIGHT = 96, 28
WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 16, 204
"""The field of the line; below it stand the bars of volume."""
BARS_TOP, BARS_BOTTOM = 222, 272
MOST_TIME_LABELS = 8


@dataclass(frozen=True)
class Point:
    """One interval: its value, and how much came in."""

    at: datetime
    value: float | None
    volume: float


@dataclass(frozen=True)
class Spark:
    """A line without axes, with the target behind it."""

    lines: list[str]
    last: tuple[float, float] | None
    target_y: float


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """The KPI of a breach: its intervals, the target, the breach's window, the volume."""

    lines: list[str]
    dots: list[tuple[float, float]]
    target_y: float
    window_x: float
    window_width: float
    value_ticks: list[tuple[float, float]]
    """(y, value)"""
    time_ticks: list[tuple[float, datetime]]
    bars: list[Bar]
    most_volume: float

    @property
    def middle_pct(self) -> float:
        """Where the middle of the window is, in the width of the drawing."""
        return round(100 * (self.window_x + self.window_width / 2) / WIDTH, 1)


def spark(values: Sequence[float | None], target: float) -> Spark:
    """A sparkline of values at equal distances."""
    told = [value for value in values if value is not None]
    low, high = min([*told, target]), max([*told, target])
    margin = 3.0
    step = (SPARK_WIDTH - 2 * margin) / max(1, len(values) - 1)

    def y(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(SPARK_HEIGHT - margin - share * (SPARK_HEIGHT - 2 * margin), 1)

    places = [
        None if value is None else (round(margin + step * n, 1), y(value))
        for n, value in enumerate(values)
    ]
    known = [place for place in places if place is not None]
    return Spark(_lines(places), known[-1] if known else None, y(target))


def breach_chart(
    points: Sequence[Point],
    interval: timedelta,
    target: float,
    window: tuple[datetime, datetime],
    is_percent: bool,
) -> Chart | None:
    """The chart of at least one interval with a value; None where there is nothing to draw."""
    told = [point.value for point in points if point.value is not None]
    if not told:
        return None
    since, until = points[0].at, points[-1].at + interval
    ticks = _value_ticks(min([*told, target]), max([*told, target]), is_percent)
    low, high = ticks[0], ticks[-1]
    most = max(point.volume for point in points)

    def x(at: datetime) -> float:
        share = (at - since) / (until - since)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP), 1)

    places = [
        None if point.value is None else (x(point.at + interval / 2), y(point.value))
        for point in points
    ]
    window_x = x(window[0])
    return Chart(
        lines=_lines(places),
        dots=[place for place in places if place is not None],
        target_y=y(target),
        window_x=window_x,
        window_width=max(2.0, round(x(window[1]) - window_x, 1)),
        value_ticks=[(y(tick), tick) for tick in ticks],
        time_ticks=[(x(at), at) for at in _thinned([point.at for point in points])],
        bars=[
            _bar(x(point.at), x(point.at + interval), point.volume, most)
            for point in points
            if point.volume
        ],
        most_volume=most,
    )


def _lines(places: Sequence[tuple[float, float] | None]) -> list[str]:
    """The points of each unbroken line, as SVG writes them."""
    runs: list[list[str]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(f"{place[0]},{place[1]}")
    return [" ".join(run) for run in runs if len(run) > 1]


def _bar(left: float, right: float, volume: float, most: float) -> Bar:
    height = round(volume / most * (BARS_BOTTOM - BARS_TOP), 1)
    return Bar(
        round(left + 2, 1), round(BARS_BOTTOM - height, 1), round(right - left - 4, 1), height
    )


def _value_ticks(low: float, high: float, is_percent: bool) -> list[float]:
    """Some round values around all that is drawn; a share ends at 100."""
    if high == low:
        low, high = low - 1, high + 1
    rough = (high - low) / 5
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(magnitude * n for n in (1, 2, 5, 10) if magnitude * n >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    if is_percent:
        last = min(last, math.ceil(100 / step))
    return [round(step * n, 6) for n in range(max(0, first), last + 1)]


def _thinned(moments: Sequence[datetime]) -> list[datetime]:
    every = math.ceil(len(moments) / MOST_TIME_LABELS)
    return list(moments[::every])
