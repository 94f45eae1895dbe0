"""What stood in the way of a channel in a window, from the warehouse: each cause with its size.

Whether and by how much each cost the target is for `explaining`. A deviation that chance alone may
bring is no cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

import numpy as np
from sqlalchemy import Connection

from rtm.recovery.analysis.contacts import Contacts, read_contacts
from rtm.recovery.analysis.plan import Plan, Unknown, read_plan
from rtm.recovery.analysis.queue import Flags, Numbers
from rtm.recovery.analysis.rerun import (
    FEW,
    Cause,
    Ended,
    Situation,
    Slices,
    ended_in,
    slices_of,
)
from rtm.recovery.analysis.service import Breach, Rules, Span
from rtm.recovery.analysis.staff import Staff, read_staff
from rtm.recovery.analysis.usual import Usual, read_usual

WARM_UP = timedelta(hours=1)
BEYOND_CHANCE, BEYOND_CHANCE_IN_SLICE = 1.645, 2.326
"""Standard errors: one window in twenty, or one slice in a hundred, is more by chance."""
SHORTEST_WINDOW = timedelta(minutes=30)
"""A waiting list has no window: it is what the last half hour has left."""
USUAL_SERVING_SHARE = 0.85
NIL_AGENTS = 0.05

WITHIN_CHANCE = "within_chance"


@dataclass(frozen=True)
class Expected:
    """Sums that were expected slice by slice, and what chance may add to each."""

    sums: Numbers
    errors: Numbers
    bias: float
    """By so much the expectation itself may be wrong."""

    def left_of(self, observed: Numbers, is_in_window: Flags) -> Numbers:
        """What is left of each sum without what is beyond chance: in the slice, or in the window as
        a whole."""
        left = np.ones(len(observed))
        is_beyond = self._is_beyond(self.sums, self.errors, observed, BEYOND_CHANCE_IN_SLICE)
        left[is_beyond] = self.sums[is_beyond] / observed[is_beyond]
        planned = self.sums[is_in_window].sum()
        error = sqrt((self.errors[is_in_window] ** 2).sum())
        came, kept = (sums[is_in_window].sum() for sums in (observed, observed * left))
        if self._is_beyond(planned, error, came, BEYOND_CHANCE) and kept > planned:
            left[is_in_window] *= planned / kept
        return left

    def _is_beyond(self, planned: Any, error: Any, observed: Any, errors: float) -> Any:
        return observed - planned * (1 + self.bias) > errors * error


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
    ended: Ended
    findings: dict[Cause, Finding]
    at_work: tuple[Cause, ...]
    """The causes that are known and not nil."""


def read_circumstances(
    connection: Connection, breach: Breach, rules: Rules, as_of: datetime
) -> Circumstances:
    """Reads what the window and the hour before it were like."""
    started_at = min(breach.started_at, breach.detected_at - SHORTEST_WINDOW)
    span = Span(started_at - WARM_UP, breach.detected_at)
    from_s = span.seconds(started_at)
    usual = read_usual(connection, breach, str(rules.zone), started_at, as_of)
    contacts = read_contacts(connection, breach, rules, span, as_of)
    staff = read_staff(connection, breach, rules, span, usual.shares)
    plan = read_plan(connection, breach.service_code, span)
    slices = slices_of(from_s, span.length_s)
    ended = ended_in(contacts, slices)
    added, findings = _staff_causes(staff, plan, usual, from_s)
    factor, findings[Cause.AHT_ABOVE_FORECAST] = _handling(ended, plan, usual, from_s)
    kept, findings[Cause.VOLUME_ABOVE_FORECAST] = _volume(contacts, slices, plan, usual, from_s)
    lines, finds_no_line, findings[Cause.LINES] = _lines(contacts, from_s, span)
    situation = Situation(
        kpi=breach.kpi,
        rules=rules,
        contacts=contacts,
        from_s=from_s,
        to_s=span.length_s,
        servers=staff.serving * usual.concurrency,
        added=added,
        slices=slices,
        handling_factor=factor,
        kept_share=kept,
        lines=lines,
        finds_no_line=finds_no_line,
        at_risk_s=breach.at_risk_s,
    )
    return Circumstances(situation, usual, ended, findings, _at_work(situation, findings))


def _at_work(situation: Situation, findings: dict[Cause, Finding]) -> tuple[Cause, ...]:
    is_nil = {cause: added.mean() < NIL_AGENTS for cause, added in situation.added.items()} | {
        Cause.AHT_ABOVE_FORECAST: situation.handling_factor.min() >= 1,
        Cause.VOLUME_ABOVE_FORECAST: situation.kept_share.min() >= 1,
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


def _handling(ended: Ended, plan: Plan, usual: Usual, from_s: float) -> tuple[Numbers, Finding]:
    """What is left of the handling times, slice by slice, once they are those of the forecast."""
    untouched = np.ones(len(ended.slices))
    told = plan.aht_in(from_s, ended.slices[-1][1])
    if told is None:
        return untouched, Finding(Unknown.NO_FORECAST_AHT)
    if not usual.handling_s or not usual.service_handling_s:
        part = 1.0
        if usual.mix_error:
            return untouched, Finding(Unknown.NO_USUAL_MIX)
    else:
        part = usual.handling_s / usual.service_handling_s if usual.mix_error else 1.0
    forecast_s = np.array([plan.aht_in(*slice_) or told for slice_ in ended.slices])
    expected = Expected(
        ended.handled * forecast_s * part * usual.concurrency,
        ended.deviation_s * np.sqrt(ended.handled),
        usual.mix_error,
    )
    # While few have ended, the time spent tells nothing of how long they take.
    told_s = np.where(ended.handled >= FEW, ended.spent_s, expected.sums)
    left = expected.left_of(told_s, ended.is_in_window(from_s))
    handled = ended.handled[ended.is_in_window(from_s)].sum()
    spent_s = ended.spent_s[ended.is_in_window(from_s)].sum()
    observed_s = float(spent_s / handled / usual.concurrency) if handled >= FEW else None
    return left, _finding(left, observed_s, told * part)


def _volume(
    contacts: Contacts, slices: Slices, plan: Plan, usual: Usual, from_s: float
) -> tuple[Numbers, Finding]:
    """The part of the contacts that was forecast, slice by slice."""
    forecast = [plan.offered_in(*slice_) for slice_ in slices]
    if any(told is None for told in forecast):
        return np.ones(len(slices)), Finding(Unknown.NO_FORECAST)
    if usual.contact_share is None:
        return np.ones(len(slices)), Finding(Unknown.NO_USUAL_MIX)
    planned = np.array(forecast, dtype=float) * usual.contact_share
    edges = [slices[0][0], *(until_s for _, until_s in slices)]
    came = np.histogram(contacts.arrives_s, edges)[0].astype(float)
    is_in_window = np.array([since_s >= from_s for since_s, _ in slices])
    errors = np.sqrt(np.maximum(planned, 1.0))
    left = Expected(planned, errors, usual.mix_error).left_of(came, is_in_window)
    return left, _finding(left, float(came[is_in_window].sum()), float(planned[is_in_window].sum()))


def _finding(left: Numbers, observed: float | None, expected: float) -> Finding:
    is_by_chance = observed is not None and observed > expected and left.min() >= 1
    return Finding(WITHIN_CHANCE if is_by_chance else None, observed, expected)


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
