"""Conversations: one row per service, channel and interval of `received_at` or of waiting."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from . import cells
from .cells import local_moment, seconds
from .deliveries import delivered_rows, first_of_equal, newest_holds, readable
from .reference_data import ReferenceData, Service
from .spans import Span, common, interval_of, length_s, local_dates
from .voice import mean, percent
from .world import Cells, World

EXPIRES_AFTER = timedelta(days=30)
DAY_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Conversation:
    conversation_id: str
    service: Service
    channel: str
    received_at: datetime
    assigned_at: datetime | None
    first_response_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime | None
    delivered: Cells = field(default_factory=dict, compare=False, repr=False)

    def is_answered_at(self, at: datetime) -> bool:
        return self.first_response_at is not None and self.first_response_at <= at

    def is_closed_at(self, at: datetime) -> bool:
        return self.closed_at is not None and self.closed_at <= at

    def is_expired_at(self, at: datetime) -> bool:
        marks = (self.received_at, self.assigned_at, self.updated_at)
        return at - max(mark for mark in marks if mark is not None) >= EXPIRES_AFTER

    def waits_at(self, at: datetime) -> bool:
        return (
            self.received_at <= at
            and not self.is_answered_at(at)
            and not self.is_closed_at(at)
            and not self.is_expired_at(at)
        )


def days_of_rule(words: str) -> set[int]:
    """`Mo-We,Sa` as weekdays, Monday 0; a range may pass the end of the week."""
    days: set[int] = set()
    for part in words.split(","):
        first, _, last = part.strip().partition("-")
        start, end = DAY_NAMES.index(first), DAY_NAMES.index(last or first)
        days |= {(start + step) % 7 for step in range((end - start) % 7 + 1)}
    return days


def opening_by_weekday(text: str) -> dict[int, list[tuple[str, str]]]:
    """Opening and closing times of each weekday; a later rule overrides an earlier one."""
    openings: dict[int, list[tuple[str, str]]] = {day: [] for day in range(7)}
    for rule in text.split(";"):
        words = rule.strip()
        if not words:
            continue
        if words[0].isdigit():
            days, hours = set(range(7)), words
        else:
            day_words, _, hours = words.partition(" ")
            days = days_of_rule(day_words)
        ranges: list[tuple[str, str]] = []
        if hours.strip() not in ("off", "closed"):
            for part in hours.split(","):
                opens, _, closes = part.strip().partition("-")
                ranges.append((opens.strip(), closes.strip()))
        for day in days:
            openings[day] = ranges
    return openings


def wall_moment(day: date, text: str, zone: ZoneInfo) -> datetime:
    """`24:00` is the midnight that ends the day."""
    if text == "24:00":
        return local_moment(day + timedelta(days=1), time(0), zone)
    return local_moment(day, time.fromisoformat(text), zone)


class ServiceClock:
    """Runs in the opening hours, or always where the service declares none."""

    def __init__(self, service: Service, data: ReferenceData) -> None:
        self.service = service
        self.data = data
        always = service.opening_hours in (None, "24/7")
        self.openings = None if always else opening_by_weekday(service.opening_hours or "")
        self.spans_of_day: dict[date, list[Span]] = {}

    def open_on(self, day: date) -> list[Span]:
        if day not in self.spans_of_day:
            self.spans_of_day[day] = self.opening_spans(day)
        return self.spans_of_day[day]

    def opening_spans(self, day: date) -> list[Span]:
        if self.openings is None or self.data.is_holiday(self.service.service_code, day):
            return []
        spans = []
        for opens, closes in self.openings[day.weekday()]:
            start = wall_moment(day, opens, self.service.zone)
            end = wall_moment(day, closes, self.service.zone)
            if end <= start:
                end = wall_moment(day + timedelta(days=1), closes, self.service.zone)
            spans.append((start, end))
        return spans

    def elapsed_s(self, start: datetime, end: datetime) -> Fraction:
        if end <= start:
            return Fraction(0)
        if self.openings is None:
            return seconds(end - start)
        days = local_dates(start - timedelta(days=1), end, self.service.zone)
        return length_s(
            piece for day in days for piece in common([(start, end)], self.open_on(day))
        )


def percentile(values: list[Fraction], share: Fraction) -> float | None:
    """Linear between the neighbours; null of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def read_conversations(world: World, data: ReferenceData) -> list[Conversation]:
    def read(row: Cells) -> Conversation | None:
        service = data.services.get(cells.required_text(row, "service_code"))
        if service is None:
            return None
        zone = service.zone
        return Conversation(
            conversation_id=cells.required_text(row, "conversation_id"),
            service=service,
            channel=cells.required_text(row, "channel"),
            received_at=cells.required_moment(row, "received_at", zone),
            assigned_at=cells.moment(row, "assigned_at", zone),
            first_response_at=cells.moment(row, "first_response_at", zone),
            closed_at=cells.moment(row, "closed_at", zone),
            updated_at=cells.moment(row, "updated_at", zone),
            delivered=row,
        )

    rows = first_of_equal("conversation", delivered_rows(world, "conversation"))
    return newest_holds(
        readable(rows, read),
        lambda conversation: conversation.conversation_id,
        lambda conversation: conversation.updated_at,
    )


def interval_row(
    service: Service,
    channel: str,
    start: datetime,
    conversations: list[Conversation],
    clock: ServiceClock,
    world: World,
    data: ReferenceData,
) -> dict[str, Any] | None:
    """The row of one interval, or `None` where nothing was received and nobody waits."""
    as_of = world.as_of
    end = start + timedelta(minutes=world.interval_minutes)
    cohort = [one for one in conversations if start <= one.received_at < end]
    looked_at = min(end, as_of)
    waiting = [one for one in conversations if one.waits_at(looked_at)]
    if not cohort and not waiting:
        return None

    responses_s: list[Fraction] = []
    unanswered_s: list[Fraction] = []
    for one in cohort:
        if one.is_answered_at(as_of):
            assert one.first_response_at is not None
            responses_s.append(clock.elapsed_s(one.received_at, one.first_response_at))
        else:
            until = as_of
            if one.is_closed_at(as_of):
                assert one.closed_at is not None
                until = one.closed_at
            unanswered_s.append(clock.elapsed_s(one.received_at, until))

    target = data.target_in_force(
        service.service_code, channel, "response_time", start.astimezone(service.zone).date()
    )
    in_target, overdue, rate = 0, 0, None
    if target is not None and target.threshold_s is not None:
        within_s = target.threshold_s
        in_target = sum(response_s <= within_s for response_s in responses_s)
        overdue = sum(open_s > within_s for open_s in unanswered_s)
        rate = percent(in_target, len(responses_s) + overdue)

    can_change = any(
        not (one.is_answered_at(as_of) or one.is_closed_at(as_of) or one.is_expired_at(as_of))
        for one in cohort
    )
    ages_s = [clock.elapsed_s(one.received_at, looked_at) for one in waiting]
    return {
        "service_code": service.service_code,
        "channel": channel,
        "interval_start": start,
        "received": len(cohort),
        "responded": len(responses_s),
        "responded_in_target": in_target,
        "overdue_unanswered": overdue,
        "response_time_pct": rate,
        "avg_first_response_s": mean(sum(responses_s, Fraction(0)), len(responses_s)),
        "p50_first_response_s": percentile(responses_s, Fraction(1, 2)),
        "p90_first_response_s": percentile(responses_s, Fraction(9, 10)),
        "waiting_list": len(waiting),
        "oldest_waiting_s": float(max(ages_s)) if ages_s else None,
        "is_provisional": as_of < end or can_change,
    }


def response_time_intervals(world: World, data: ReferenceData) -> list[dict[str, Any]]:
    lanes: dict[tuple[str, str], list[Conversation]] = defaultdict(list)
    for one in read_conversations(world, data):
        if one.received_at <= world.as_of:
            lanes[one.service.service_code, one.channel].append(one)

    rows = []
    for (service_code, channel), conversations in sorted(lanes.items()):
        service = data.services[service_code]
        clock = ServiceClock(service, data)
        # A conversation received at the very end of an interval waits at that end.
        first = min(one.received_at for one in conversations) - MICROSECOND
        start = interval_of(first, service.zone, world.interval_minutes)
        while start <= world.as_of:
            row = interval_row(service, channel, start, conversations, clock, world, data)
            if row is not None:
                rows.append(row)
            start += timedelta(minutes=world.interval_minutes)
    return rows
