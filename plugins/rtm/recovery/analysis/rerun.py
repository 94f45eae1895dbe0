"""Runs the queue of a window again, as it was and with causes put right.

What each contact did is kept as far as it is known: how long it took, how long its customer really
waited. Only what nobody saw is drawn: how much longer a customer who was served would have waited,
how long one who left would have taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import inf

import numpy as np

from rtm.recovery.analysis.contacts import Contacts
from rtm.recovery.analysis.measures import Run, measure
from rtm.recovery.analysis.queue import Flags, Numbers, changes_of, serve, serve_on_lines
from rtm.recovery.analysis.service import Rules
from rtm.recovery.analysis.usual import Usual

FEW = 5
"""So few handled contacts tell no mean."""


class Cause(StrEnum):
    """What can keep a service from its target. The codes are stored in plans: none is renamed."""

    ABSENT_OR_LATE = "absent_or_late"
    AUX_OVER_ALLOWANCE = "aux_over_allowance"
    AHT_ABOVE_FORECAST = "aht_above_forecast"
    VOLUME_ABOVE_FORECAST = "volume_above_forecast"
    LINES = "lines"
    ROSTER_BELOW_REQUIREMENT = "roster_below_requirement"
    UNEXPLAINED = "unexplained"


STAFF_CAUSES = (
    Cause.ABSENT_OR_LATE,
    Cause.AUX_OVER_ALLOWANCE,
    Cause.ROSTER_BELOW_REQUIREMENT,
)


@dataclass(frozen=True)
class Situation:
    """All that a run depends on but chance. Times in seconds from the start of the warm-up."""

    kpi: str
    rules: Rules
    contacts: Contacts
    from_s: float
    """The window begins; before it the queue gets the length that it really had."""
    to_s: float
    servers: Numbers
    """By minute; a server takes one contact at a time."""
    added: Mapping[Cause, Numbers]
    """Servers that are there as well once a cause is put right."""
    handling_factor: tuple[float, float]
    """What is left of handling times by the forecast, before and in the window."""
    kept_share: tuple[float, float]
    """The part of the contacts that was forecast, before and in the window."""
    lines: int | None
    """Lines of the service, where calls were refused because all were taken."""
    finds_no_line: Flags
    """Refused because all lines were taken, not because they were out of order."""

    def by_period(self, before_and_within: tuple[float, float]) -> Numbers:
        """For each contact the value of the period in which it came."""
        before, within = before_and_within
        return np.where(self.contacts.arrives_s >= self.from_s, within, before)


@dataclass(frozen=True)
class Draw:
    """One way in which what nobody saw may have been."""

    handling_s: Numbers
    patience_s: Numbers
    is_timeout: Flags
    reply_s: Numbers
    comes_by: Numbers
    """Between 0 and 1: at which share of the volume the contact still comes."""


@dataclass(frozen=True)
class Times:
    """Handling times of contacts handled before and in the window."""

    mean_s: tuple[float, float]
    deviation_s: tuple[float, float]
    handled: tuple[int, int]


def handling_times(contacts: Contacts, from_s: float, to_s: float) -> Times:
    """Time in service over contacts ended, so that the long ones still going on count in full."""
    is_served = contacts.has_fate("served")
    starts_s = (contacts.arrives_s + contacts.wait_s)[is_served]
    takes_s = contacts.handling_s[is_served]
    ends_s = np.where(np.isnan(takes_s), inf, starts_s + takes_s)
    found = []
    for since_s, until_s in ((0.0, from_s), (from_s, to_s)):
        spent_s = np.clip(np.minimum(ends_s, until_s) - np.maximum(starts_s, since_s), 0, None)
        is_ended = (ends_s > since_s) & (ends_s <= until_s)
        ended = int(is_ended.sum())
        spread = float(takes_s[is_ended].std()) if ended > 1 else 0.0
        found.append((float(spent_s.sum()) / ended if ended >= FEW else np.nan, spread, ended))
    return Times(*((before, within) for before, within in zip(*found, strict=True)))


class Rerun:
    """A situation that can be run as often as one likes."""

    def __init__(self, situation: Situation, usual: Usual, times: Times) -> None:
        self._situation = situation
        self._usual = usual
        self._times = times

    def draw(self, random: np.random.Generator) -> Draw:
        contacts = self._situation.contacts
        handling_s, reply_s = self._drawn_handling(random)
        patience_s = self._drawn_patience(random)
        is_timeout = contacts.has_fate("timed_out")
        limit_s = float(np.median(contacts.wait_s[is_timeout])) if is_timeout.any() else inf
        # The queue's own patience was shown by those whom it gave up.
        limits_s = np.where(is_timeout, contacts.wait_s, limit_s)
        return Draw(
            handling_s,
            np.minimum(patience_s, limits_s),
            patience_s >= limits_s,
            reply_s,
            random.random(len(contacts)),
        )

    def value(self, draw: Draw, righted: frozenset[Cause]) -> float:
        """The KPI of the window with these causes put right."""
        situation, contacts = self._situation, self._situation.contacts
        comes = np.ones(len(contacts), dtype=bool)
        if Cause.VOLUME_ABOVE_FORECAST in righted:
            comes = draw.comes_by < situation.by_period(situation.kept_share)
        handling_s, reply_s = draw.handling_s, draw.reply_s
        if Cause.AHT_ABOVE_FORECAST in righted:
            factor = situation.by_period(situation.handling_factor)
            handling_s, reply_s = handling_s * factor, reply_s * factor
        servers = situation.servers.copy()
        for cause in STAFF_CAUSES:
            if cause in righted:
                servers += situation.added[cause]
        has_lines = Cause.LINES in righted
        is_refused = self._is_blocked & comes & ~situation.finds_no_line & (not has_lines)
        queues = (self._queues | (self._is_blocked & ~is_refused)) & comes
        run = self._run(draw, queues, handling_s, reply_s, servers, has_lines)
        return measure(
            situation.kpi,
            self._with_others(run, comes, is_refused),
            situation.rules,
            situation.from_s,
            situation.to_s,
        )

    @cached_property
    def _queues(self) -> Flags:
        return self._situation.contacts.has_fate("served", "abandoned", "timed_out", "waiting")

    @cached_property
    def _is_blocked(self) -> Flags:
        return self._situation.contacts.has_fate("blocked")

    def _run(
        self,
        draw: Draw,
        queues: Flags,
        handling_s: Numbers,
        reply_s: Numbers,
        servers: Numbers,
        has_lines: bool,
    ) -> Run:
        situation, contacts = self._situation, self._situation.contacts
        arrives_s = contacts.arrives_s[queues]
        columns = (arrives_s, handling_s[queues], draw.patience_s[queues])
        came, takes, endures = (column.tolist() for column in columns)
        changes = changes_of(servers.tolist())
        refused = np.zeros(len(arrives_s), dtype=bool)
        if situation.lines is None or has_lines:
            starts_s = np.array(serve(came, takes, endures, changes))
        else:
            may_be_refused = situation.finds_no_line[queues].tolist()
            started, turned_away = serve_on_lines(
                came, takes, endures, changes, may_be_refused, situation.lines
            )
            starts_s, refused = np.array(started), np.array(turned_away, dtype=bool)
        is_in = ~refused
        decided = self._in_window(arrives_s[refused]).sum()
        return Run(
            arrives_s[is_in],
            contacts.clock_s[queues][is_in],
            starts_s[is_in],
            np.where(np.isfinite(starts_s), inf, arrives_s + draw.patience_s[queues])[is_in],
            draw.is_timeout[queues][is_in],
            reply_s[queues][is_in],
            0,
            int(decided),
        )

    def _with_others(self, run: Run, comes: Flags, is_refused: Flags) -> Run:
        """Those who never queued: served in the voice menu, or turned away."""
        contacts, rules = self._situation.contacts, self._situation.rules
        is_alone = contacts.has_fate("self_served") & comes & self._in_window(contacts.arrives_s)
        turned_away = int((is_refused & self._in_window(contacts.arrives_s)).sum())
        alone = int(is_alone.sum())
        succeeded, failed = (alone, 0) if rules.counts_self_service else (0, alone)
        return Run(
            *(run.arrives_s, run.clock_s, run.starts_s, run.leaves_s, run.is_timeout, run.reply_s),
            succeeded,
            run.failed_alone + failed + turned_away,
        )

    def _in_window(self, moments_s: Numbers) -> Flags:
        return (moments_s > self._situation.from_s) & (moments_s <= self._situation.to_s)

    def _drawn_handling(self, random: np.random.Generator) -> tuple[Numbers, Numbers]:
        """What is known; of the others that of somebody else, in the length of their period."""
        contacts, count = self._situation.contacts, len(self._situation.contacts)
        is_known = contacts.has_fate("served") & ~np.isnan(contacts.handling_s)
        known_s, replies_s = contacts.handling_s[is_known], contacts.reply_s[is_known]
        replies_s = np.where(np.isnan(replies_s), 0.0, replies_s)
        mean_s = self._mean_by_period(known_s)
        picked = random.integers(0, len(known_s), count) if len(known_s) else np.zeros(count, int)
        drawn_s, reply_s = self._situation.by_period(mean_s), np.zeros(count)
        if len(known_s):
            # Those that have ended are the shorter ones of their time
            stretch = drawn_s / max(float(known_s.mean()), 1e-9)
            drawn_s, reply_s = known_s[picked] * stretch, replies_s[picked] * stretch
        goes_on = contacts.has_fate("served") & ~is_known
        elapsed_s = np.maximum(self._situation.to_s - contacts.arrives_s - contacts.wait_s, 0.0)
        more_s = random.exponential(1.0, count) * self._situation.by_period(mean_s)
        handling_s = np.where(is_known, contacts.handling_s, drawn_s)
        handling_s = np.where(goes_on, elapsed_s + more_s, handling_s)
        has_replied = contacts.has_fate("served") & ~np.isnan(contacts.reply_s)
        reply_s = np.where(has_replied, contacts.reply_s, reply_s)
        is_late = goes_on & ~has_replied
        return handling_s, np.where(is_late, np.maximum(reply_s, elapsed_s), reply_s)

    def _mean_by_period(self, known_s: Numbers) -> tuple[float, float]:
        fallback = float(known_s.mean()) if len(known_s) else self._usual.handling_s or 1.0
        before_s, within_s = self._times.mean_s
        before_s = fallback if np.isnan(before_s) else before_s
        return before_s, (before_s if np.isnan(within_s) else within_s)

    def _drawn_patience(self, random: np.random.Generator) -> Numbers:
        """Who left had so much; who did not had more, and exponential times know no age."""
        contacts = self._situation.contacts
        waited_s = np.where(np.isnan(contacts.wait_s), 0.0, contacts.wait_s)
        has_left = contacts.has_fate("abandoned")
        if self._situation.kpi in ("response_time", "waiting_list"):
            return np.where(has_left, waited_s, inf)
        mean_s = self._usual.drawn_patience_s(random)
        more_s = random.exponential(mean_s, len(contacts))
        waited_s = np.where(contacts.has_fate("blocked"), 0.0, waited_s)
        return np.where(has_left, waited_s, waited_s + more_s)
