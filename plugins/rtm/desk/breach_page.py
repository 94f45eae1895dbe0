"""What the page of one breach says: its numbers, its KPI around it, who was missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from rtm.charts import Chart, Point, breach_chart
from rtm.desk import breaches, kpis, state
from rtm.recovery.missing import read_missing
from rtm.speech import PERCENT

Rows = Sequence[Row[Any]]

BEFORE, AFTER = timedelta(hours=3), timedelta(hours=1)
LONGEST = timedelta(hours=24)
"""A breach that lasts longer is drawn for its first day."""


@dataclass(frozen=True)
class BreachPage:
    """The blocks of the page, in reading order."""

    breach: Row[Any]
    as_of: datetime
    until: datetime
    """The end of its window: when it cleared, or the clock while it is open."""
    interval: timedelta
    intervals: Rows
    chart: Chart | None
    missing: Rows
    due: Row[Any] | None
    """The next step of its plan, with when it is due."""
    waits_for_data: bool
    """Its plan is not judged because data are missing."""

    @property
    def duration_s(self) -> float:
        span: timedelta = self.until - self.breach.started_at
        return span.total_seconds()


def read_breach_page(connection: Connection, breach: Row[Any]) -> BreachPage:
    """The page of a breach that the visitor may see."""
    clock = state.read_clock(connection)
    as_of = clock.as_of or breach.detected_at
    until = max(breach.cleared_at or as_of, breach.detected_at)
    interval = timedelta(minutes=clock.interval_min)
    is_of_roster = breach.roster_date is not None
    drawn_until = min(until, breach.started_at + LONGEST) + AFTER
    intervals: Rows = []
    if not is_of_roster:
        intervals = kpis.read_intervals(
            connection,
            [breach.service_code],
            # Whole intervals only: the one that holds the first moment is drawn from its start.
            breach.started_at - BEFORE - interval + timedelta(seconds=1),
            min(drawn_until, as_of + timedelta(seconds=1)),
            breach.channel,
            breach.kpi,
        )
    points = [Point(row.interval_start, row.value, row.volume or 0) for row in intervals]
    window = (breach.started_at, until)
    return BreachPage(
        breach,
        as_of,
        until,
        interval,
        intervals,
        breach_chart(points, interval, breach.target, window, breach.kpi in PERCENT),
        []
        if is_of_roster
        else read_missing(connection, breach.service_code, breach.started_at, breach.detected_at),
        breaches.read_due(connection, breach.plan_id),
        # Before it is done nobody asks for its effect
        breach.plan_status in ("done", "closed")
        and breaches.waits_for_data(connection, breach.plan_id),
    )
