"""A roster held against what the service needs: coverage, and what each gap costs.

Where nobody says how many agents an interval takes, and a forecast is given, Erlang C says it. What
the service level of an interval will be with the agents rostered is Erlang C's as well: it knows no
customer who gives up, so a real service loses somewhat less.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from math import floor
from typing import Any

from pyworkforce.queuing import ErlangC
from sqlalchemy import Connection, Row, text

from rtm.roster.gate import PLANNED

USUAL_TARGET_PCT = 80.0
USUAL_THRESHOLD_S = 20.0
"""The service level of a service without a target for it."""
HIGHEST_TARGET_PCT = 99.99
"""No number of agents answers every call at once."""

TARGET = text(
    """
    select target, coalesce(threshold_s, :usual) as threshold_s
    from staging.stg_canonical__kpi_target
    where service_code = :service_code and kpi = 'service_level' and channel = 'voice'
        and :day between effective_from and coalesce(effective_to, 'infinity')
    order by effective_from desc
    limit 1
    """
)

NEEDS = text(
    f"""
    with shifts as (
        select planned_start_at, planned_end_at, count(*) as agents
        from ({PLANNED}) as planned
        where planned.kind = 'work' and planned.function <> 'rtfm'
            and planned.service_code = :service_code
            and (
                planned.file_id = :file_id
                or cast(:file_id as bigint) is null and exists (
                    select from ops.roster_day as day
                    where day.service_code = planned.service_code
                        and day.roster_date = planned.roster_date
                        and day.file_id = planned.file_id
                )
            )
            -- The night shift of the day before
            and planned.roster_date
            between cast(:first_date as date) - 1 and cast(:last_date as date)
        group by planned_start_at, planned_end_at
    ),

    needs as (
        select
            need.interval_start as start_at,
            need.interval_end - need.interval_start as length,
            need.required_agents::double precision as required_agents,
            need.forecast_offered::double precision as forecast_offered,
            need.forecast_aht_s::double precision as forecast_aht_s,
            service.timezone
        from staging.stg_canonical__staffing_requirement as need
        inner join raw.service as service on service.service_code = need.service_code
        where need.service_code = :service_code
            and (need.interval_start at time zone service.timezone)::date
            between :first_date and :last_date
    )

    select
        needs.start_at,
        needs.start_at at time zone needs.timezone as local_start,
        extract(epoch from needs.length)::double precision as length_s,
        needs.required_agents,
        needs.forecast_offered,
        needs.forecast_aht_s,
        coalesce(
            sum(
                shifts.agents * extract(
                    epoch from least(shifts.planned_end_at, needs.start_at + needs.length)
                    - greatest(shifts.planned_start_at, needs.start_at)
                )
            ) / extract(epoch from needs.length),
            0
        )::double precision as rostered
    from needs
    left join shifts
        on shifts.planned_start_at < needs.start_at + needs.length
        and shifts.planned_end_at > needs.start_at
    group by
        needs.start_at, needs.timezone, needs.length, needs.required_agents,
        needs.forecast_offered, needs.forecast_aht_s
    order by needs.start_at
    """
)


@dataclass(frozen=True)
class Target:
    """The service level that is asked for."""

    percent: float
    threshold_s: float


@dataclass(frozen=True)
class Interval:
    """An interval with what it needs and has; percents are of the service level, 0 to 100."""

    start_at: datetime
    local_start: datetime
    required: float
    is_computed: bool
    """By Erlang C from the forecast, not given."""
    rostered: float
    forecast_offered: float | None
    expected_pct: float | None
    """With the agents rostered; null without a forecast."""
    covered_pct: float | None
    """With the agents required."""

    @property
    def gap(self) -> float:
        """Agents missing; negative where there are more than required."""
        return self.required - self.rostered

    @property
    def late_calls(self) -> float:
        """Calls that the gap will keep from being answered in time."""
        if self.forecast_offered is None or self.expected_pct is None or self.gap <= 0:
            return 0.0
        assert self.covered_pct is not None
        return self.forecast_offered * max(self.covered_pct - self.expected_pct, 0) / 100


def evaluate(
    connection: Connection,
    service_code: str,
    first_date: date,
    last_date: date,
    file_id: int | None = None,
) -> tuple[Target, Sequence[Interval]]:
    """The intervals for which there is a requirement or a forecast, of what is published or of the
    roster of one file."""
    target = _target(connection, service_code, first_date)
    rows = connection.execute(
        NEEDS,
        {
            "service_code": service_code,
            "first_date": first_date,
            "last_date": last_date,
            "file_id": file_id,
        },
    )
    return target, list(_intervals(rows, target))


def _target(connection: Connection, service_code: str, day: date) -> Target:
    found = connection.execute(
        TARGET, {"service_code": service_code, "day": day, "usual": USUAL_THRESHOLD_S}
    ).one_or_none()
    if found is None:
        return Target(USUAL_TARGET_PCT, USUAL_THRESHOLD_S)
    return Target(float(found.target), float(found.threshold_s))


def _intervals(rows: Iterable[Row[Any]], target: Target) -> Iterable[Interval]:
    for row in rows:
        queue = _queue(row, target)
        required = row.required_agents
        if required is None:
            if queue is None and row.forecast_offered is None:
                continue
            required = required_agents(queue, target) if queue else 0
        yield Interval(
            row.start_at,
            row.local_start,
            float(required),
            row.required_agents is None,
            row.rostered,
            row.forecast_offered,
            expected_pct(queue, row.rostered) if queue else None,
            expected_pct(queue, required) if queue else None,
        )


def _queue(row: Row[Any], target: Target) -> ErlangC | None:
    if not row.forecast_offered or not row.forecast_aht_s:
        return None
    return ErlangC(
        transactions=row.forecast_offered,
        aht=row.forecast_aht_s / 60,
        asa=target.threshold_s / 60,
        interval=row.length_s / 60,
    )


def required_agents(queue: ErlangC, target: Target) -> int:
    """The fewest agents with which the target is met."""
    # The library's own search begins above the load, and so misses the fewest for a low target.
    wanted = min(target.percent, HIGHEST_TARGET_PCT)
    fewest = (n for n in count(floor(queue.intensity) + 1) if expected_pct(queue, n) >= wanted)
    agents: int = next(fewest)
    return agents


def expected_pct(queue: ErlangC, agents: float) -> float:
    """Calls answered within the threshold, in percent; half an agent answers nothing."""
    whole = floor(agents)
    if whole <= queue.intensity:
        return 0.0
    return float(queue.service_level(whole)) * 100
