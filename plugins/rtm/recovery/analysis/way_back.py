"""What the rest of the local day must reach for the day as a whole to meet the target, how many
agents that takes, interval by interval, and who could be asked.

Counts as the client is told: contacts by the interval in which they came. Steady within an
interval, so formulas do (`erlang`); what happened so far is for the re-run queue (`explaining`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from math import ceil, inf
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, text

from rtm.recovery.analysis.circumstances import USUAL_SERVING_SHARE
from rtm.recovery.analysis.contacts import read_contacts
from rtm.recovery.analysis.erlang import Load, Served, agents_for
from rtm.recovery.analysis.people import Candidate, find_candidates
from rtm.recovery.analysis.plan import Plan, Unknown, interval_min, read_plan
from rtm.recovery.analysis.service import Breach, Rules, Span, read_rules
from rtm.recovery.analysis.staff import Staff, read_staff
from rtm.recovery.analysis.usual import Usual, read_usual
from rtm.roster_limits import RosterLimits

METHOD = "way_back/1"
KPIS = ("scr", "service_level", "abandon_rate", "response_time")
HIGHEST_PCT = 99.5
"""No number of agents keeps every customer; what asks for more is reckoned for this."""
WEEKS = 4
LATELY = timedelta(hours=1)

COUNTED = {
    "scr": ("scr_numerator", "scr_denominator"),
    "abandon_rate": ("abandon_numerator", "scr_denominator"),
    "service_level": ("service_level_numerator", "service_level_denominator"),
    "response_time": ("responded_in_target", "responded + interval.overdue_unanswered"),
}

VOICE_DAY = """
    select
        coalesce(sum(interval.{numerator}), 0)::double precision as numerator,
        coalesce(sum(interval.{denominator}), 0)::double precision as denominator,
        coalesce(sum(interval.offered), 0)::double precision as came,
        coalesce(sum(interval.still_open), 0)::double precision as undecided,
        coalesce(sum(interval.self_served), 0)::double precision as alone
    from intermediate.int_voice_interval as interval
    where interval.service_code = :service_code
        and interval.interval_start >= :from_at
        and interval.interval_start <= :as_of
"""

OTHER_DAY = """
    select
        coalesce(sum(interval.{numerator}), 0)::double precision as numerator,
        coalesce(sum(interval.{denominator}), 0)::double precision as denominator,
        coalesce(sum(interval.received), 0)::double precision as came,
        greatest(
            coalesce(
                sum(interval.received - interval.responded - interval.overdue_unanswered), 0
            ),
            0
        )::double precision as undecided,
        0.0::double precision as alone
    from intermediate.int_nonvoice_interval as interval
    where interval.service_code = :service_code
        and interval.channel = :channel
        and interval.interval_start >= :from_at
        and interval.interval_start <= :as_of
"""

VOICE_BEFORE = text(
    """
    select interval.interval_start, interval.offered::double precision as came
    from intermediate.int_voice_interval as interval
    where interval.service_code = :service_code and interval.interval_start = any(:starts)
    """
)

OTHER_BEFORE = text(
    """
    select interval.interval_start, interval.received::double precision as came
    from intermediate.int_nonvoice_interval as interval
    where interval.service_code = :service_code
        and interval.channel = :channel
        and interval.interval_start = any(:starts)
    """
)


@dataclass(frozen=True)
class RemainingInterval:
    """What one of the remaining intervals of the day takes and has."""

    start_at: datetime
    """The present one begins at the clock."""
    end_at: datetime
    expected: float
    """Contacts that come in it."""
    expected_by: str
    """`forecast`, or `same_weekday`: the mean of the last weeks."""
    handling_s: float | None
    needed: float | None
    """Rostered agents that the rate takes, breaks and other absence included."""
    rostered: float
    missing: float | None
    """Negative where there are more than needed."""


@dataclass(frozen=True)
class WayBack:
    """How the day could still meet its target; percents from 0 to 100."""

    method: str
    kpi: str
    target: float
    numerator: float
    denominator: float
    """Counted on the local day so far."""
    so_far_pct: float | None
    expected_rest: float | None
    """Contacts that will count in the rest of the day."""
    needed_pct: float | None
    """What the rest of the day must reach; null if nothing would do, or it is not known."""
    is_reachable: bool | None
    reason: str | None
    planned_pct: float | None
    """What the agents are reckoned for: the needed rate, else the target."""
    intervals: tuple[RemainingInterval, ...]
    candidates: tuple[Candidate, ...]

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        told: dict[str, Any] = _plain(asdict(self))
        return told


def find_way_back(
    connection: Connection,
    breach: Row[Any] | Mapping[str, Any],
    as_of: datetime,
    limits: RosterLimits | None = None,
) -> WayBack:
    """What the rest of the day needs after a row of ops.breach."""
    told = Breach.of(breach)
    rules = read_rules(connection, told)
    if rules is None:
        return _nowhere(told, "unknown_service")
    usual = read_usual(connection, told, str(rules.zone), told.started_at, as_of)
    candidates = find_candidates(
        connection, told, rules, as_of, usual.shares, limits or RosterLimits()
    )
    if told.kpi not in KPIS:
        return _nowhere(told, "not_a_rate", candidates)
    day = Span(
        datetime.combine(rules.local_date(as_of), time(), rules.zone),
        datetime.combine(rules.local_date(as_of) + timedelta(days=1), time(), rules.zone),
    )
    counted = _counted(connection, told, day, as_of)
    rest = _rest_of_day(connection, told, usual, day, as_of)
    if rest is None:
        return _nowhere(told, Unknown.NO_FORECAST.value, candidates, counted)
    counts = counted.denominator / (counted.came - counted.undecided or 1.0)
    expected = counted.undecided + sum(came for _, came, _ in rest) * (counts or 1.0)
    needed = _needed(told, counted, expected)
    planned = min(max(told.target if needed is None else needed, 0.0), HIGHEST_PCT)
    staffing = _Staffing(connection, told, rules, usual, day, as_of, counted)
    return WayBack(
        method=METHOD,
        kpi=told.kpi,
        target=told.target,
        numerator=counted.numerator,
        denominator=counted.denominator,
        so_far_pct=_so_far(counted),
        expected_rest=expected,
        needed_pct=needed,
        is_reachable=needed is not None,
        reason=None if needed is not None else "beyond_the_rest_of_the_day",
        planned_pct=planned,
        intervals=tuple(staffing.of(*interval, planned) for interval in rest),
        candidates=candidates,
    )


@dataclass(frozen=True)
class Counted:
    """The day so far."""

    numerator: float
    denominator: float
    came: float
    undecided: float
    alone: float
    """Served in the voice menu."""


def _counted(connection: Connection, breach: Breach, day: Span, as_of: datetime) -> Counted:
    numerator, denominator = COUNTED[breach.kpi]
    statement = VOICE_DAY if breach.is_voice else OTHER_DAY
    row = connection.execute(
        text(statement.format(numerator=numerator, denominator=denominator)),
        {
            "service_code": breach.service_code,
            "channel": breach.channel,
            "from_at": day.from_at,
            "as_of": as_of,
        },
    ).one()
    return Counted(row.numerator, row.denominator, row.came, row.undecided, row.alone)


def _needed(breach: Breach, counted: Counted, expected: float) -> float | None:
    """Of the rest, in percent, so that the day is at its target; None if nothing would do."""
    lacking = breach.target / 100 * (counted.denominator + expected) - counted.numerator
    if expected <= 0:
        is_met = lacking <= 0 if breach.sign > 0 else lacking >= 0
        return breach.target if is_met else None
    needed = 100 * lacking / expected
    if breach.sign > 0:
        return max(needed, 0.0) if needed <= 100 else None
    return min(needed, 100.0) if needed >= 0 else None


Interval = tuple[tuple[datetime, datetime], float, str]
"""From when to when, the contacts that come, and how that is known."""


def _rest_of_day(
    connection: Connection, breach: Breach, usual: Usual, day: Span, as_of: datetime
) -> list[Interval] | None:
    """The intervals from the clock on; None if of one of them nothing tells who will come."""
    plan = read_plan(connection, breach.service_code, day)
    edges = _edges(connection, day, as_of)
    before = _came_before(connection, breach, day, edges)
    rest: list[Interval] = []
    for full_start, from_at, to_at in edges:
        planned = plan.offered_in(day.seconds(from_at), day.seconds(to_at))
        if planned is not None and usual.contact_share is not None:
            rest.append(((from_at, to_at), planned * usual.contact_share, "forecast"))
        elif before is not None:
            part = (to_at - from_at) / (to_at - full_start)
            rest.append(((from_at, to_at), before[full_start] * part, "same_weekday"))
        else:
            return None
    return rest


def _edges(
    connection: Connection, day: Span, as_of: datetime
) -> list[tuple[datetime, datetime, datetime]]:
    """Start of the whole interval, start and end of what is left of it."""
    length = timedelta(minutes=interval_min(connection))
    start_at, edges = day.from_at, []
    while start_at < day.to_at:
        end_at = min(start_at + length, day.to_at)
        if end_at > as_of:
            edges.append((start_at, max(start_at, as_of), end_at))
        start_at = end_at
    return edges


def _came_before(
    connection: Connection,
    breach: Breach,
    day: Span,
    edges: Sequence[tuple[datetime, datetime, datetime]],
) -> dict[datetime, float] | None:
    """The mean of the same weekday's interval; a week in which nobody came is not one of them."""
    starts = {
        start_at - timedelta(weeks=week): (start_at, week)
        for start_at, _, _ in edges
        for week in range(1, WEEKS + 1)
    }
    rows = connection.execute(
        VOICE_BEFORE if breach.is_voice else OTHER_BEFORE,
        {
            "service_code": breach.service_code,
            "channel": breach.channel,
            "starts": list(starts),
        },
    ).all()
    sums = {start_at: 0.0 for start_at, _, _ in edges}
    weeks = set()
    for row in rows:
        start_at, week = starts[row.interval_start]
        sums[start_at] += row.came
        weeks.add(week)
    if not weeks:
        return None
    return {start_at: total / len(weeks) for start_at, total in sums.items()}


class _Staffing:
    """What an interval takes of agents and what the roster has."""

    def __init__(
        self,
        connection: Connection,
        breach: Breach,
        rules: Rules,
        usual: Usual,
        day: Span,
        as_of: datetime,
        counted: Counted,
    ) -> None:
        self._breach, self._rules, self._usual = breach, rules, usual
        self._rest = Span(as_of, day.to_at)
        self._plan: Plan = read_plan(connection, breach.service_code, self._rest)
        self._staff: Staff = read_staff(connection, breach, rules, self._rest, usual.shares)
        lately = Span(as_of - LATELY, as_of)
        before = read_staff(connection, breach, rules, lately, usual.shares)
        self._at_desk = before.serving_share or USUAL_SERVING_SHARE
        self._alone = counted.alone / counted.denominator if counted.denominator else 0.0
        self._reply_s = 0.0
        if not breach.is_voice:
            replies_s = read_contacts(connection, breach, rules, lately, as_of).reply_s
            known_s = replies_s[~np.isnan(replies_s)]
            self._reply_s = float(np.median(known_s)) if len(known_s) else 0.0

    def of(
        self, span: tuple[datetime, datetime], came: float, by: str, planned_pct: float
    ) -> RemainingInterval:
        from_s, to_s = (self._rest.seconds(at) for at in span)
        minutes = slice(int(from_s // 60), max(ceil(to_s / 60), int(from_s // 60) + 1))
        rostered = float(self._staff.rostered[minutes].mean())
        handling_s = self._handling_s(from_s, to_s)
        needed = self._needed(came / (to_s - from_s), handling_s, planned_pct)
        return RemainingInterval(
            start_at=span[0],
            end_at=span[1],
            expected=came,
            expected_by=by,
            handling_s=handling_s,
            needed=needed,
            rostered=rostered,
            missing=None if needed is None else needed - rostered,
        )

    def _handling_s(self, from_s: float, to_s: float) -> float | None:
        """Agent time of one contact, as the forecast has it, else as usual."""
        told, usual = self._plan.aht_in(from_s, to_s), self._usual
        if told is None or (usual.mix_error and not usual.handling_s):
            return usual.handling_s
        if usual.mix_error and usual.handling_s and usual.service_handling_s:
            return told * usual.handling_s / usual.service_handling_s
        return told

    def _needed(self, per_s: float, handling_s: float | None, planned_pct: float) -> float | None:
        if handling_s is None:
            return None
        at_once = self._usual.concurrency
        patience_s = self._usual.patience_s if self._breach.is_voice else inf
        load = Load(per_s * (1 - self._alone), handling_s * at_once, patience_s)
        agents = agents_for(load, self._reaches(planned_pct / 100))
        return None if agents is None else ceil(agents / at_once) / self._at_desk

    def _reaches(self, wanted: float) -> Callable[[Served], bool]:
        kpi, alone = self._breach.kpi, self._alone
        threshold_s = self._rules.threshold_s or 0.0
        if kpi == "scr":
            helped = alone if self._rules.counts_self_service else 0.0
            return lambda served: helped + (1 - alone) * (1 - served.abandoned_share) >= wanted
        if kpi == "abandon_rate":
            return lambda served: (1 - alone) * served.abandoned_share <= wanted
        if kpi == "response_time":
            return lambda served: served.served_in_s(threshold_s - self._reply_s) >= wanted
        if self._rules.formula_version == 2:
            return lambda served: (
                served.served_in_s(threshold_s) >= wanted * (1 - served.abandoned_share)
            )
        # Of whoever is served in the menu the first formula counts nobody as served in time
        asked = 1 - alone if self._rules.formula_version == 1 else 1.0
        return lambda served: asked * served.served_in_s(threshold_s) >= wanted


def _so_far(counted: Counted) -> float | None:
    if not counted.denominator:
        return None
    return 100 * counted.numerator / counted.denominator


def _nowhere(
    breach: Breach,
    reason: str,
    candidates: tuple[Candidate, ...] = (),
    counted: Counted | None = None,
) -> WayBack:
    return WayBack(
        method=METHOD,
        kpi=breach.kpi,
        target=breach.target,
        numerator=counted.numerator if counted else 0.0,
        denominator=counted.denominator if counted else 0.0,
        so_far_pct=_so_far(counted) if counted else None,
        expected_rest=None,
        needed_pct=None,
        is_reachable=None,
        reason=reason,
        planned_pct=None,
        intervals=(),
        candidates=candidates,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
