"""The KPIs of a queue that was run: the definitions (docs, `scr/1` and so on) over columns.

As detection counts: a contact belongs to the window in which it is decided, and where a breach was
opened while contacts waited, those at its end are missed who wait too long, or must at the pace of
the last answers (`foreseen_lost` of the marts).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, nan

import numpy as np

from rtm.recovery.analysis.queue import Flags, Numbers
from rtm.recovery.analysis.service import Rules

MEASURED = (
    *("scr", "abandon_rate", "service_level", "asa"),
    *("response_time", "waiting_list", "oldest_waiting"),
)

UNITS = {"asa": "s", "aht": "s", "waiting_list": "conversations", "oldest_waiting": "s"}
PACE_S = 180
"""Over so long the pace of the answers is told."""
POINTS = "points"
"""Of all others."""


@dataclass(frozen=True)
class Run:
    """What became of the contacts that queued, in the order of arrival."""

    arrives_s: Numbers
    clock_s: Numbers
    starts_s: Numbers
    """Infinite for who was not served."""
    leaves_s: Numbers
    """When one who is not served leaves; infinite for one who never does."""
    is_timeout: Flags
    """Whoever leaves does so because the queue gives up, not the customer."""
    reply_s: Numbers
    succeeded_alone: int
    """Contacts decided in the window that needed no agent and met their target."""
    failed_alone: int
    """Contacts decided in the window that were turned away."""


def measure(
    kpi: str, run: Run, rules: Rules, from_s: float, to_s: float, at_risk_s: float | None = None
) -> float:
    """The KPI of what is decided in the window, in its unit; nan where nothing is.

    `at_risk_s` is how long who still waits at the end has or will have waited to be missed; None:
    nobody is.
    """
    longest_s = np.inf if at_risk_s is None else at_risk_s
    if kpi in ("waiting_list", "oldest_waiting"):
        ends_s = np.minimum(run.starts_s + run.reply_s, run.leaves_s)
        is_waiting = (run.arrives_s <= to_s) & (ends_s > to_s)
        if kpi == "waiting_list":
            return float(np.sum(is_waiting))
        return float(np.max(to_s - run.clock_s[is_waiting], initial=0.0))
    if kpi == "response_time":
        return _response_time(run, rules, from_s, to_s, longest_s)
    is_served = np.isfinite(run.starts_s)
    decided_s = np.where(is_served, run.starts_s, run.leaves_s)
    is_decided = (decided_s > from_s) & (decided_s <= to_s)
    wait_s = decided_s - run.arrives_s
    has_abandoned = ~is_served & ~run.is_timeout
    is_short = has_abandoned & (wait_s <= rules.short_abandon_s)
    if kpi == "asa":
        waits = wait_s[is_decided & is_served]
        return float(waits.mean()) if len(waits) else nan
    if kpi == "service_level":
        return _service_level(run, rules, is_decided, is_served, has_abandoned, is_short, wait_s)
    counted = is_decided & ~is_short
    at_risk = 0 if at_risk_s is None else _foreseen_lost(run, is_served, decided_s, to_s, at_risk_s)
    offered = int(counted.sum()) + run.succeeded_alone + run.failed_alone + at_risk
    if kpi == "abandon_rate":
        return _percent(int((counted & has_abandoned).sum()) + at_risk, offered)
    return _percent(int((counted & is_served).sum()) + run.succeeded_alone, offered)


def _foreseen_lost(
    run: Run, is_served: Flags, decided_s: Numbers, at_s: float, at_risk_s: float
) -> int:
    waits = (run.arrives_s <= at_s) & (decided_s > at_s)
    too_long = waits & (run.arrives_s + at_risk_s <= at_s)
    lately = is_served & (decided_s > at_s - PACE_S) & (decided_s <= at_s)
    served = ceil(int(lately.sum()) * at_risk_s / PACE_S)
    return max(int(too_long.sum()), int(waits.sum()) - served)


def _service_level(
    run: Run,
    rules: Rules,
    is_decided: Flags,
    is_served: Flags,
    has_abandoned: Flags,
    is_short: Flags,
    wait_s: Numbers,
) -> float:
    assert rules.threshold_s is not None
    in_time = is_decided & (wait_s <= rules.threshold_s)
    served = int((is_decided & is_served).sum())
    met = int((in_time & is_served).sum())
    if rules.formula_version == 2:
        return _percent(met, served)
    if rules.formula_version in (3, 4):
        met += int((in_time & has_abandoned).sum()) if rules.formula_version == 4 else 0
        return _percent(met, served + int((is_decided & has_abandoned).sum()))
    # Who is served in the voice menu is in the denominator alone
    others = run.succeeded_alone + run.failed_alone
    return _percent(met, int((is_decided & ~is_short).sum()) + others)


def _response_time(run: Run, rules: Rules, from_s: float, to_s: float, longest_s: float) -> float:
    assert rules.threshold_s is not None
    due_s = run.clock_s + rules.threshold_s
    replied_s = run.starts_s + run.reply_s
    is_met = replied_s <= due_s
    decided_s = np.where(is_met, replied_s, due_s)
    # Closed without an answer before it is due, it does not count
    is_counted = is_met | (np.minimum(replied_s, run.leaves_s) > due_s)
    is_decided = is_counted & (decided_s > from_s) & (decided_s <= to_s)
    waits_until_s = np.minimum(np.minimum(replied_s, run.leaves_s), due_s)
    at_risk = (run.clock_s + longest_s <= to_s) & (waits_until_s > to_s)
    return _percent(int((is_met & is_decided).sum()), int((is_decided | at_risk).sum()))


def _percent(numerator: int, denominator: int) -> float:
    return 100.0 * numerator / denominator if denominator else nan
