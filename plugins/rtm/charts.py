"""Places lines, bars and marks on a drawing; who draws turns them into SVG, or into a PDF.

Numbers and instants come in, coordinates go out, from the upper left corner. A value that is
missing interrupts the line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

SPARK_WIDTH, SPARK_HEIGHT = 96, 28
WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 16, 204
"""The field of the line; below it stand the bars of volume."""
BARS_TOP, BARS_BOTTOM = 222, 272
MOST_TIME_LABELS = 8
MOST_DAY_LABELS = 11

Place = tuple[float, float]


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


@dataclass(frozen=True)
class Day:
    """One day of a KPI: its value, the target that was in force, and how much it rests on."""

    day: date
    value: float | None
    target: float | None
    volume: float


@dataclass(frozen=True)
class DaysChart:
    """A KPI day by day, with the target of each day and the volume."""

    lines: list[list[Place]]
    dots: list[Place]
    targets: list[list[Place]]
    """A line across the days of each target: where it changes, another begins."""
    value_ticks: list[tuple[float, float]]
    """(y, value)"""
    day_ticks: list[tuple[float, date]]
    bars: list[Bar]
    most_volume: float


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


def days_chart(days: Sequence[Day], is_percent: bool) -> DaysChart | None:
    """The chart of at least one day with a value; None where there is nothing to draw."""
    told = [day.value for day in days if day.value is not None]
    if not told:
        return None
    asked = [day.target for day in days if day.target is not None]
    ticks = _value_ticks(min(told + asked), max(told + asked), is_percent)
    low, high = ticks[0], ticks[-1]
    most = max(day.volume for day in days)
    step = (WIDTH - LEFT - RIGHT) / len(days)

    def x(number: float) -> float:
        return round(LEFT + number * step, 1)

    def y(value: float) -> float:
        return round(BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP), 1)

    places = [
        None if day.value is None else (x(number + 0.5), y(day.value))
        for number, day in enumerate(days)
    ]
    every = math.ceil(len(days) / MOST_DAY_LABELS)
    return DaysChart(
        lines=_runs(places),
        dots=[place for place in places if place is not None],
        targets=[
            [(x(first), y(target)), (x(last + 1), y(target))]
            for first, last, target in _target_spans(days)
        ],
        value_ticks=[(y(tick), tick) for tick in ticks],
        day_ticks=[(x(n + 0.5), day.day) for n, day in enumerate(days) if n % every == 0],
        bars=[
            _bar(x(number), x(number + 1), day.volume, most)
            for number, day in enumerate(days)
            if day.volume
        ],
        most_volume=most,
    )


def _target_spans(days: Sequence[Day]) -> list[tuple[int, int, float]]:
    """Number of the first and the last day of each stretch with one target."""
    stretches = groupby(enumerate(days), key=lambda numbered: numbered[1].target)
    spans = [(target, [number for number, _ in stretch]) for target, stretch in stretches]
    return [(numbers[0], numbers[-1], target) for target, numbers in spans if target is not None]


def _lines(places: Sequence[Place | None]) -> list[str]:
    """The points of each unbroken line, as SVG writes them."""
    return [" ".join(f"{x},{y}" for x, y in run) for run in _runs(places)]


def _runs(places: Sequence[Place | None]) -> list[list[Place]]:
    """The points of each unbroken line."""
    runs: list[list[Place]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if len(run) > 1]


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
