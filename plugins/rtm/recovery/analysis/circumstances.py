"""What stood in the way of a channel in a window, from the warehouse: each cause with its size.

Whether and by how much each cost the target is for `explaining`. A deviation that chance alone may
bring is no cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

import numpy as np
from sqlalchemy import Connection

from rtm.recovery.analysis.contacts import Contacts, read_contacts
from rtm.recovery.analysis.plan import Plan, Unknown, read_plan
from rtm.recovery.analysis.queue import Flags, Numbers
from rtm.recovery.analysis.rerun import Cause, Situation, Times, handling_times
from rtm.recovery.analysis.service import Breach, Rules, Span
from rtm.recovery.analysis.staff import Staff, read_staff
from rtm.recovery.analysis.usual import Usual, read_usual

WARM_UP = timedelta(hours=1)
BEYOND_CHANCE = 1.645
"""Standard errors: one in twenty is more by chance."""
SPLIT_TOLERANCE = 0.1
"""A forecast that is split among channels by what is usual is not more exact than that."""
USUAL_SERVING_SHARE = 0.85
NIL_AGENTS = 0.05

WITHIN_CHANCE = "within_chance"


@dataclass(frozen=True)
class Finding:
    """How large a cause was, whatever it cost; `reason` where that is not known or counts not."""

    reason: str | None
    amount: float | None = None
    """Agents, contacts or seconds in the window, as the cause has it."""
    expected: float | None = None
    """What was planned, in the same unit."""

    @property
    def is_unknown(self) -> bool:
        return self.reason is not None and self.reason != WITHIN_CHANCE


@dataclass(frozen=True)
class Circumstances:
    """A situation to run again, and what was found of each cause."""

    situation: Situation
    usual: Usual
    times: Times
    findings: dict[Cause, Finding]
    at_work: tuple[Cause, ...]
    """The causes that are known and not nil."""


def read_circumstances(
    connection: Connection, breach: Breach, rules: Rules, as_of: datetime
) -> Circumstances:
    """Reads what the window and the hour before it were like."""
    span = Span(breach.started_at - WARM_UP, breach.detected_at)
    from_s = span.seconds(breach.started_at)
    usual = read_usual(connection, breach, str(rules.zone), breach.started_at, as_of)
    contacts = read_contacts(connection, breach, rules, span, as_of)
    staff = read_staff(connection, breach, rules, span, usual.shares)
    plan = read_plan(connection, breach.service_code, span)
    times = handling_times(contacts, from_s, span.length_s)
    added, findings = _staff_causes(staff, plan, usual, from_s)
    factor, findings[Cause.AHT_ABOVE_FORECAST] = _handling(times, plan, usual, from_s, span)
    kept, findings[Cause.VOLUME_ABOVE_FORECAST] = _volume(contacts, plan, usual, from_s, span)
    lines, finds_no_line, findings[Cause.LINES] = _lines(contacts, from_s, span)
    situation = Situation(
        *(breach.kpi, rules, contacts, from_s, span.length_s),
        staff.serving * usual.concurrency,
        *(added, factor, kept, lines, finds_no_line),
    )
    return Circumstances(situation, usual, times, findings, _at_work(situation, findings))


def _at_work(situation: Situation, findings: dict[Cause, Finding]) -> tuple[Cause, ...]:
    is_nil = {cause: added.mean() < NIL_AGENTS for cause, added in situation.added.items()} | {
        Cause.AHT_ABOVE_FORECAST: min(situation.handling_factor) >= 1,
        Cause.VOLUME_ABOVE_FORECAST: min(situation.kept_share) >= 1,
        Cause.LINES: not situation.contacts.has_fate("blocked").any(),
    }
    return tuple(cause for cause in Cause if cause in findings and not is_nil.get(cause, True))


def _staff_causes(
    staff: Staff, plan: Plan, usual: Usual, from_s: float
) -> tuple[dict[Cause, Numbers], dict[Cause, Finding]]:
    """Servers that each cause keeps away, by minute; and how many agents they are in the window."""
    window = slice(int(from_s // 60), None)
    at_desk = staff.serving_share or USUAL_SERVING_SHARE
    required = np.where(np.isnan(plan.required), 0.0, plan.required) * staff.channel_share
    short = np.maximum(required - staff.rostered, 0.0)
    no_roster = None if staff.rostered.any() else Unknown.NO_ROSTER.value
    no_need = Unknown.NO_REQUIREMENT.value if np.all(np.isnan(plan.required)) else None
    agents = {
        Cause.ABSENT_OR_LATE: (staff.missing, at_desk, no_roster),
        Cause.AUX_OVER_ALLOWANCE: (staff.excess, 1.0, no_roster),
        Cause.ROSTER_BELOW_REQUIREMENT: (short, at_desk, no_roster or no_need),
    }
    added, findings = {}, {}
    for cause, (away, share, reason) in agents.items():
        is_known = reason is None
        added[cause] = away * share * usual.concurrency if is_known else np.zeros_like(away)
        findings[cause] = Finding(reason, float(away[window].mean()) if is_known else None)
    return added, findings


def _handling(
    times: Times, plan: Plan, usual: Usual, from_s: float, span: Span
) -> tuple[tuple[float, float], Finding]:
    """What is left of the handling times once they are those of the forecast."""
    told = plan.aht_in(from_s, span.length_s)
    if told is None:
        return (1.0, 1.0), Finding(Unknown.NO_FORECAST_AHT)
    part = 1.0
    if usual.channels != 1:
        if not usual.handling_s or not usual.service_handling_s:
            return (1.0, 1.0), Finding(Unknown.NO_USUAL_MIX)
        part = usual.handling_s / usual.service_handling_s
    factors = []
    periods = ((0.0, from_s), (from_s, span.length_s))
    for period, mean_s, deviation_s, handled in zip(
        periods, times.mean_s, times.deviation_s, times.handled, strict=True
    ):
        forecast_s = (plan.aht_in(*period) or told) * part * usual.concurrency
        error_s = deviation_s / sqrt(handled) if handled else np.inf
        least_s = forecast_s * (1 + (SPLIT_TOLERANCE if usual.channels != 1 else 0.0))
        is_above = mean_s > least_s and mean_s - forecast_s > BEYOND_CHANCE * error_s
        factors.append(forecast_s / mean_s if is_above else 1.0)
    observed_s = times.mean_s[1] / usual.concurrency
    forecast_s = told * part
    is_by_chance = observed_s > forecast_s and min(factors) >= 1
    return (factors[0], factors[1]), Finding(
        WITHIN_CHANCE if is_by_chance else None,
        None if np.isnan(observed_s) else observed_s,
        forecast_s,
    )


def _volume(
    contacts: Contacts, plan: Plan, usual: Usual, from_s: float, span: Span
) -> tuple[tuple[float, float], Finding]:
    """The part of the contacts that was forecast."""
    if plan.offered_in(from_s, span.length_s) is None:
        return (1.0, 1.0), Finding(Unknown.NO_FORECAST)
    if usual.contact_share is None:
        return (1.0, 1.0), Finding(Unknown.NO_USUAL_MIX)
    shares, counted, forecast = [], 0, 0.0
    for since_s, until_s in ((0.0, from_s), (from_s, span.length_s)):
        counted = int(((contacts.arrives_s >= since_s) & (contacts.arrives_s < until_s)).sum())
        expected = plan.offered_in(since_s, until_s)
        if expected is None:
            shares.append(1.0)
            continue
        forecast = expected * usual.contact_share
        least = forecast * (1 + (SPLIT_TOLERANCE if usual.channels != 1 else 0.0))
        is_above = counted > least and counted - forecast > BEYOND_CHANCE * sqrt(forecast)
        shares.append(forecast / counted if is_above else 1.0)
    is_by_chance = counted > forecast and min(shares) >= 1
    return (shares[0], shares[1]), Finding(
        WITHIN_CHANCE if is_by_chance else None, float(counted), forecast
    )


def _lines(contacts: Contacts, from_s: float, span: Span) -> tuple[int | None, Flags, Finding]:
    """How many lines there are, where all were taken; who found none; how many were refused."""
    is_blocked = contacts.has_fate("blocked")
    blocked = int((is_blocked & (contacts.arrives_s > from_s)).sum())
    nobody = np.zeros(len(contacts), dtype=bool)
    finding = Finding(None, float(blocked))
    if not is_blocked.any():
        return None, nobody, finding
    begins = np.sort(contacts.line_from_s[~is_blocked])
    ends = np.sort(contacts.line_to_s[~is_blocked])

    def taken(at_s: Numbers) -> Numbers:
        return np.asarray(
            np.searchsorted(begins, at_s, side="right") - np.searchsorted(ends, at_s, side="right")
        )

    most = int(taken(begins).max(initial=0))
    # Where lines are out of order, fewer are taken than at other times.
    is_full = is_blocked & (taken(contacts.line_from_s) >= max(most - 1, 1))
    if 2 * is_full.sum() < is_blocked.sum():
        return None, nobody, finding
    return most, is_full, finding
