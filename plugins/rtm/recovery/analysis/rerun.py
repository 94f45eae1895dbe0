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
from itertools import pairwise
from math import inf

import numpy as np

from rtm.recovery.analysis.contacts import Contacts
from rtm.recovery.analysis.measures import Run, measure
from rtm.recovery.analysis.queue import Flags, Numbers, changes_of, serve, serve_on_lines
from rtm.recovery.analysis.service import Rules
from rtm.recovery.analysis.usual import Usual

FEW = 5
"""So few handled contacts tell no mean."""
SLICE_S = 900.0

Slices = list[tuple[float, float]]
"""From when to when, one after the other."""


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
    slices: Slices
    handling_factor: Numbers
    """What is left of handling times by the forecast, slice by slice."""
    kept_share: Numbers
    """The part of the contacts that was forecast, slice by slice."""
    lines: int | None
    """Lines of the service, where calls were refused because all were taken."""
    finds_no_line: Flags
    """Refused because all lines were taken, not because they were out of order."""
    at_risk_s: float | None = None
    """Who has waited so long when the window ends is missed; None: nobody."""

    def by_slice(self, values: Numbers) -> Numbers:
        """For each contact the value of the slice in which it came; of the first, if before."""
        begins_s = [since_s for since_s, _ in self.slices]
        place = np.searchsorted(begins_s, self.contacts.arrives_s, side="right") - 1
        return np.asarray(values[np.maximum(place, 0)])


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
class Ended:
    """Handling slice by slice: the time spent in it over the contacts that ended in it, so that the
    long ones which still go on count in full."""

    slices: Slices
    spent_s: Numbers
    handled: Numbers
    deviation_s: float

    def is_in_window(self, from_s: float) -> Flags:
        return np.array([since_s >= from_s for since_s, _ in self.slices])

    def mean_s(self, fallback_s: float) -> Numbers:
        """Of a slice in which few have ended, the mean of all."""
        everything = self.handled.sum()
        mean_s = self.spent_s.sum() / everything if everything >= FEW else fallback_s
        is_known = self.handled >= FEW
        return np.where(is_known, self.spent_s / np.maximum(self.handled, 1), mean_s)


def slices_of(from_s: float, to_s: float) -> Slices:
    """About a quarter of an hour each; none lies both in the window and before it."""
    edges = [
        *np.linspace(0.0, from_s, max(round(from_s / SLICE_S), 1) + 1)[:-1].tolist(),
        *np.linspace(from_s, to_s, max(round((to_s - from_s) / SLICE_S), 1) + 1).tolist(),
    ]
    return list(pairwise(edges))


def ended_in(contacts: Contacts, slices: Slices) -> Ended:
    is_served = contacts.has_fate("served")
    starts_s = (contacts.arrives_s + contacts.wait_s)[is_served]
    takes_s = contacts.handling_s[is_served]
    ends_s = np.where(np.isnan(takes_s), inf, starts_s + takes_s)
    spent_s, handled = np.zeros(len(slices)), np.zeros(len(slices))
    for number, (since_s, until_s) in enumerate(slices):
        overlap = np.minimum(ends_s, until_s) - np.maximum(starts_s, since_s)
        spent_s[number] = np.clip(overlap, 0, None).sum()
        handled[number] = ((ends_s > since_s) & (ends_s <= until_s)).sum()
    known_s = takes_s[~np.isnan(takes_s)]
    return Ended(slices, spent_s, handled, float(known_s.std()) if len(known_s) > 1 else 0.0)


class Rerun:
    """A situation that can be run as often as one likes."""

    def __init__(self, situation: Situation, usual: Usual, ended: Ended) -> None:
        self._situation = situation
        self._usual = usual
        self._ended = ended

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
            comes = draw.comes_by < situation.by_slice(situation.kept_share)
        handling_s, reply_s = draw.handling_s, draw.reply_s
        if Cause.AHT_ABOVE_FORECAST in righted:
            factor = situation.by_slice(situation.handling_factor)
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
            situation.at_risk_s,
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
        usual_s = float(known_s.mean()) if len(known_s) else self._usual.handling_s or 1.0
        mean_s = self._situation.by_slice(self._ended.mean_s(usual_s))
        picked = random.integers(0, len(known_s), count) if len(known_s) else np.zeros(count, int)
        drawn_s, reply_s = self._situation.by_slice(mean_s), np.zeros(count)
        if len(known_s):
            # Those that have ended are the shorter ones of their time
            stretch = drawn_s / max(float(known_s.mean()), 1e-9)
            drawn_s, reply_s = known_s[picked] * stretch, replies_s[picked] * stretch
        goes_on = contacts.has_fate("served") & ~is_known
        elapsed_s = np.maximum(self._situation.to_s - contacts.arrives_s - contacts.wait_s, 0.0)
        more_s = random.exponential(1.0, count) * self._situation.by_slice(mean_s)
        handling_s = np.where(is_known, contacts.handling_s, drawn_s)
        handling_s = np.where(goes_on, elapsed_s + more_s, handling_s)
        has_replied = contacts.has_fate("served") & ~np.isnan(contacts.reply_s)
        reply_s = np.where(has_replied, contacts.reply_s, reply_s)
        is_late = goes_on & ~has_replied
        return handling_s, np.where(is_late, np.maximum(reply_s, elapsed_s), reply_s)

    def _drawn_patience(self, random: np.random.Generator) -> Numbers:
        """Who left had so much; who did not had more, and exponential times know no age."""
        contacts = self._situation.contacts
        waited_s = np.where(np.isnan(contacts.wait_s), 0.0, contacts.wait_s)
        has_left = contacts.has_fate("abandoned")
        if self._situation.kpi in ("response_time", "waiting_list", "oldest_waiting"):
            return np.where(has_left, waited_s, inf)
        mean_s = self._usual.drawn_patience_s(random)
        more_s = random.exponential(mean_s, len(contacts))
        waited_s = np.where(contacts.has_fate("blocked"), 0.0, waited_s)
        return np.where(has_left, waited_s, waited_s + more_s)
