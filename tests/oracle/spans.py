"""Sets of time as lists of half-open spans. Knows nothing of agents, calls or rosters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from .cells import local_moment, seconds

Span = tuple[datetime, datetime]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as disjoint, ordered spans that do not touch."""
    result: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def common(left: Iterable[Span], right: Iterable[Span]) -> list[Span]:
    """Time in both. Spans of `left` that touch each other stay apart."""
    others = list(right)
    pieces = [
        (max(start, other_start), min(end, other_end))
        for start, end in left
        for other_start, other_end in others
    ]
    return sorted(piece for piece in pieces if piece[0] < piece[1])


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """Time of `spans` outside `removed`. Spans that touch each other stay apart."""
    result = [span for span in spans if span[0] < span[1]]
    for removed_start, removed_end in removed:
        if removed_start >= removed_end:
            continue
        kept: list[Span] = []
        for start, end in result:
            before = (start, min(end, removed_start))
            after = (max(start, removed_end), end)
            kept += [piece for piece in (before, after) if piece[0] < piece[1]]
        result = kept
    return sorted(result)


def length_s(spans: Iterable[Span]) -> Fraction:
    return sum((seconds(end - start) for start, end in spans), Fraction(0))


def interval_of(at: datetime, zone: ZoneInfo, minutes: int) -> datetime:
    """Start of the interval that holds `at`: whole lengths of time since local midnight."""
    midnight = local_moment(at.astimezone(zone).date(), time(0), zone)
    length = timedelta(minutes=minutes)
    return midnight + (at - midnight) // length * length


def local_dates(first: datetime, last: datetime, zone: ZoneInfo) -> list[date]:
    """Every local date from the one of `first` to the one of `last`, both included."""
    day = first.astimezone(zone).date()
    final = last.astimezone(zone).date()
    dates = []
    while day <= final:
        dates.append(day)
        day += timedelta(days=1)
    return dates


def date_span(day: date, zone: ZoneInfo) -> Span:
    return (
        local_moment(day, time(0), zone),
        local_moment(day + timedelta(days=1), time(0), zone),
    )
