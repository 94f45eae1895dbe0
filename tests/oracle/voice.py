"""Calls: one row per service and interval of `offered_at`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from . import cells
from .cells import seconds
from .deliveries import delivered_rows, first_of_equal, newest_holds, readable
from .reference_data import ReferenceData, Service
from .spans import interval_of
from .world import Cells, World

LOST_AFTER = timedelta(hours=4)
DEFAULT_ANSWER_WITHIN_S = Fraction(20)
OUTCOMES = ("answered", "abandoned", "self_served", "blocked", "timed_out", "closed", "open")


@dataclass(frozen=True)
class Call:
    call_id: str
    service: Service
    direction: str
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    left_at: datetime | None
    ended_at: datetime | None
    external_agent_id: str | None
    outcome: str
    talk_s: Fraction | None
    hold_s: Fraction | None
    acw_s: Fraction | None
    updated_at: datetime | None
    delivered: Cells = field(default_factory=dict, compare=False, repr=False)

    @property
    def offered_at(self) -> datetime:
        return self.queued_at or self.arrived_at

    @property
    def left_queue_at(self) -> datetime | None:
        """When the call was answered or left, as far as anybody knows."""
        if self.outcome == "answered":
            return self.answered_at
        if self.outcome == "abandoned":
            return self.left_at or self.ended_at
        return self.left_at

    @property
    def wait_s(self) -> Fraction | None:
        """0 for a call that never queued, `None` where nobody knows."""
        if self.queued_at is None:
            return Fraction(0)
        if self.left_queue_at is None:
            return None
        return max(Fraction(0), seconds(self.left_queue_at - self.queued_at))

    @property
    def handle_s(self) -> Fraction:
        hold_s = max(Fraction(0), self.hold_s or Fraction(0))
        acw_s = max(Fraction(0), self.acw_s or Fraction(0))
        if self.talk_s is not None:
            talk_s = max(Fraction(0), self.talk_s)
        elif self.answered_at is not None and self.ended_at is not None:
            talk_s = max(Fraction(0), seconds(self.ended_at - self.answered_at) - hold_s)
        else:
            talk_s = Fraction(0)
        return talk_s + hold_s + acw_s

    def waited_at_most(self, limit_s: Fraction) -> bool:
        return self.wait_s is not None and self.wait_s <= limit_s


@dataclass(frozen=True)
class Verdict:
    """One call as it stands at `as_of`."""

    call: Call
    standing: str
    is_waiting: bool
    has_ended: bool


def judged(call: Call, as_of: datetime) -> Verdict:
    left_later = call.left_queue_at is not None and call.left_queue_at > as_of
    standing = "open" if left_later else call.outcome
    is_waiting = False
    if standing == "open":
        if as_of - call.offered_at >= LOST_AFTER:
            standing = "timed_out"
        else:
            is_waiting = True
    elif standing == "abandoned" and call.queued_at is None:
        standing = "left_in_menu"
    has_ended = call.ended_at is not None and call.ended_at <= as_of
    return Verdict(call, standing, is_waiting, has_ended)


def read_calls(world: World, data: ReferenceData) -> list[Call]:
    def read(row: Cells) -> Call | None:
        service = data.services.get(cells.required_text(row, "service_code"))
        if service is None:
            return None
        zone = service.zone
        return Call(
            call_id=cells.required_text(row, "call_id"),
            service=service,
            direction=cells.one_of(row, "direction", "inbound", "outbound"),
            arrived_at=cells.required_moment(row, "arrived_at", zone),
            queued_at=cells.moment(row, "queued_at", zone),
            answered_at=cells.moment(row, "answered_at", zone),
            left_at=cells.moment(row, "left_at", zone),
            ended_at=cells.moment(row, "ended_at", zone),
            external_agent_id=cells.text(row, "agent_id"),
            outcome=cells.one_of(row, "outcome", *OUTCOMES),
            talk_s=cells.number(row, "talk_s"),
            hold_s=cells.number(row, "hold_s"),
            acw_s=cells.number(row, "acw_s"),
            updated_at=cells.moment(row, "updated_at", zone),
            delivered=row,
        )

    rows = first_of_equal("call", delivered_rows(world, "call"))
    return newest_holds(
        readable(rows, read), lambda call: call.call_id, lambda call: call.updated_at
    )


def percent(numerator: Fraction | int, denominator: Fraction | int) -> float | None:
    return None if denominator == 0 else float(Fraction(100) * numerator / denominator)


def mean(total: Fraction, count: int) -> float | None:
    return None if count == 0 else float(total / count)


def service_level(
    version: int,
    answered: int,
    abandoned: int,
    answered_in_time: int,
    abandoned_in_time: int,
    denominator: int,
) -> float | None:
    """`service_level/<version>` in percent; `denominator` is the one of `/1`."""
    if version == 1:
        return percent(answered_in_time, denominator)
    if version == 2:
        return percent(answered_in_time, answered)
    if version == 3:
        return percent(answered_in_time, answered + abandoned)
    if version == 4:
        return percent(answered_in_time + abandoned_in_time, answered + abandoned)
    raise ValueError(f"there is no service_level/{version}")


def interval_row(
    service: Service, start: datetime, verdicts: list[Verdict], world: World, data: ReferenceData
) -> dict[str, Any]:
    def standing(name: str) -> list[Verdict]:
        return [verdict for verdict in verdicts if verdict.standing == name]

    answered, abandoned = standing("answered"), standing("abandoned")
    self_served = len(standing("self_served"))
    short_abandoned = sum(
        verdict.call.waited_at_most(service.short_abandon_s) for verdict in abandoned
    )
    left_in_menu, still_open = len(standing("left_in_menu")), len(standing("open"))
    denominator = len(verdicts) - still_open - left_in_menu - short_abandoned
    numerator = len(answered) + (self_served if service.counts_self_service else 0)

    target = data.target_in_force(
        service.service_code, "voice", "service_level", start.astimezone(service.zone).date()
    )
    within_s = DEFAULT_ANSWER_WITHIN_S
    if target is not None and target.threshold_s is not None:
        within_s = target.threshold_s
    answered_in_time = sum(verdict.call.waited_at_most(within_s) for verdict in answered)
    abandoned_in_time = sum(verdict.call.waited_at_most(within_s) for verdict in abandoned)

    wait_s = sum((verdict.call.wait_s or Fraction(0) for verdict in answered), Fraction(0))
    handled = [verdict.call for verdict in answered if verdict.has_ended]
    handle_s = sum((call.handle_s for call in handled), Fraction(0))

    is_over = world.as_of >= start + timedelta(minutes=world.interval_minutes)
    can_change = any(
        verdict.is_waiting
        or (
            verdict.standing == "answered"
            and not verdict.has_ended
            and world.as_of < verdict.call.offered_at + LOST_AFTER
        )
        for verdict in verdicts
    )
    return {
        "service_code": service.service_code,
        "channel": "voice",
        "interval_start": start,
        "offered": len(verdicts),
        "answered": len(answered),
        "self_served": self_served,
        "abandoned": len(abandoned),
        "short_abandoned": short_abandoned,
        "left_in_menu": left_in_menu,
        "blocked": len(standing("blocked")),
        "timed_out": len(standing("timed_out")),
        "still_open": still_open,
        "scr_numerator": numerator,
        "scr_denominator": denominator,
        "scr_pct": percent(numerator, denominator),
        "abandon_pct": percent(len(abandoned) - short_abandoned, denominator),
        "answered_in_threshold": answered_in_time,
        "service_level_pct": service_level(
            1 if target is None else target.version,
            len(answered),
            len(abandoned),
            answered_in_time,
            abandoned_in_time,
            denominator,
        ),
        "wait_s_sum": float(wait_s),
        "asa_s": mean(wait_s, len(answered)),
        "handle_s_sum": float(handle_s),
        "handled": len(handled),
        "aht_s": mean(handle_s, len(handled)),
        "is_provisional": not is_over or can_change,
    }


def scr_intervals(world: World, data: ReferenceData) -> list[dict[str, Any]]:
    cohorts: dict[tuple[str, datetime], list[Verdict]] = defaultdict(list)
    for call in read_calls(world, data):
        if (
            call.direction == "inbound"
            and call.outcome != "closed"
            and call.offered_at <= world.as_of
        ):
            start = interval_of(call.offered_at, call.service.zone, world.interval_minutes)
            cohorts[call.service.service_code, start].append(judged(call, world.as_of))
    return [
        interval_row(data.services[service_code], start, verdicts, world, data)
        for (service_code, start), verdicts in sorted(cohorts.items())
    ]
