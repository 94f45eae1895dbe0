"""Roster evaluation: one row per service and interval that asks for agents, or has some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .aux_usage import counted_stretches
from .cells import seconds
from .duty import Duty, WorkedShift
from .reference_data import ReferenceData, Requirement, Service
from .spans import Span, common, interval_of, length_s, merged, without
from .voice import percent
from .world import World

HOUR = timedelta(hours=1)
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Held:
    """What of a requirement falls in an interval."""

    requirement: Requirement
    held_s: Fraction
    share: Fraction


@dataclass
class Sums:
    held: list[Held] = field(default_factory=list)
    rostered_s: Fraction = Fraction(0)
    present_s: Fraction = Fraction(0)
    scheduled_s: Fraction = Fraction(0)
    idle_s: Fraction = Fraction(0)
    can_change: bool = False


Table = dict[tuple[str, datetime], Sums]


def lengths(requirements: list[Requirement]) -> Iterator[tuple[Requirement, Span]]:
    """Each with the time that it speaks of; those of one service, in order of time."""
    from_previous = None
    for one, other in pairwise([*requirements, None]):
        assert one is not None
        to_next = None if other is None else other.start - one.start
        if to_next is not None and to_next <= HOUR:
            length = to_next
        elif from_previous is not None and from_previous <= HOUR:
            length = from_previous
        else:
            length = HALF_HOUR
        yield one, (one.start, one.start + length)
        from_previous = to_next


def intervals_of(span: Span, service: Service, world: World) -> Iterator[Span]:
    length = timedelta(minutes=world.interval_minutes)
    start = interval_of(span[0], service.zone, world.interval_minutes)
    while start < span[1]:
        yield start, start + length
        start += length


def add_requirements(table: Table, world: World, data: ReferenceData) -> None:
    for service in data.services.values():
        of_service = sorted(
            (one for one in data.requirements if one.service_code == service.service_code),
            key=lambda one: one.start,
        )
        for requirement, span in lengths(of_service):
            for interval in intervals_of(span, service, world):
                held_s = length_s(common([span], [interval]))
                held = Held(requirement, held_s, held_s / length_s([span]))
                table[service.service_code, interval[0]].held.append(held)


def unproductive(worked: WorkedShift, data: ReferenceData) -> list[Span]:
    return [
        span
        for code, spans in counted_stretches(worked, data).values()
        if not code.is_productive
        for span in spans
    ]


def add_shift(table: Table, worked: WorkedShift, world: World, data: ReferenceData) -> None:
    shift = worked.shift
    assert shift.window is not None
    logged_in = without(merged(worked.logged_in), worked.approved)
    so_far = common([shift.planned], [(shift.planned[0], world.as_of)])
    scheduled = without(so_far, worked.approved)
    idle = without(scheduled, without(logged_in, unproductive(worked, data)))
    for interval in intervals_of(shift.window, shift.service, world):
        rostered_s, present_s, scheduled_s, idle_s = (
            length_s(common(spans, [interval]))
            for spans in ([shift.planned], logged_in, scheduled, idle)
        )
        if rostered_s > 0 or present_s > 0:
            sums = table[shift.service.service_code, interval[0]]
            sums.rostered_s += rostered_s
            sums.present_s += present_s
            sums.scheduled_s += scheduled_s
            sums.idle_s += idle_s
            if scheduled_s > 0 or present_s > 0:
                sums.can_change |= worked.is_provisional


def over(numerator: Fraction, denominator: Fraction) -> Fraction | None:
    return None if denominator == 0 else numerator / denominator


def weighted(pairs: list[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """Mean of what is given by its weight, null where nothing is."""
    given = [(value, weight) for value, weight in pairs if value is not None]
    total = sum((value * weight for value, weight in given), Fraction(0))
    return over(total, sum((weight for _, weight in given), Fraction(0)))


def shown(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def evaluation_row(service_code: str, start: datetime, sums: Sums, world: World) -> dict[str, Any]:
    length = timedelta(minutes=world.interval_minutes)
    passed_s = seconds(min(max(world.as_of - start, timedelta(0)), length))
    required = weighted([(one.requirement.agents, one.held_s) for one in sums.held])
    offered = [
        (one.requirement, one.requirement.offered * one.share)
        for one in sums.held
        if one.requirement.offered is not None
    ]
    rostered = sums.rostered_s / seconds(length)
    understaffed_s = None
    if required is not None:
        understaffed_s = max(Fraction(0), required * passed_s - sums.present_s)
    return {
        "service_code": service_code,
        "interval_start": start,
        "required": shown(required),
        "rostered": float(rostered),
        "present": shown(over(sums.present_s, passed_s)),
        "understaffed_s": shown(understaffed_s),
        "coverage_numerator": float(rostered),
        "coverage_denominator": shown(required),
        "coverage_pct": None if required is None else percent(rostered, required),
        "coverage_formula": "coverage/1",
        "shrinkage_numerator": float(sums.idle_s),
        "shrinkage_denominator": float(sums.scheduled_s),
        "shrinkage_pct": percent(sums.idle_s, sums.scheduled_s),
        "shrinkage_formula": "shrinkage/1",
        "forecast_offered": float(sum(contacts for _, contacts in offered)) if offered else None,
        "forecast_aht_s": shown(weighted([(one.aht_s, contacts) for one, contacts in offered])),
        "is_provisional": world.as_of < start + length or sums.can_change,
    }


def roster_evaluation(world: World, data: ReferenceData, known: Duty) -> list[dict[str, Any]]:
    table: Table = defaultdict(Sums)
    add_requirements(table, world, data)
    for worked in known.worked:
        if worked.shift.function != "rtfm":
            add_shift(table, worked, world, data)
    return [
        evaluation_row(service_code, start, sums, world)
        for (service_code, start), sums in sorted(table.items())
    ]
