"""What was planned for a channel: requirement and forecast of its service, minute by minute.

A plan names a service and no channel; the channel's part of it is what is usual. What was not given
is None with the reason, never nil.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np
from sqlalchemy import Connection, text

from rtm.recovery.analysis.queue import MINUTE_S, Numbers
from rtm.recovery.analysis.service import Span

LONGEST = timedelta(hours=1)
"""No interval of the plan is longer."""

NEEDS = text(
    """
    select
        need.interval_start as start_at,
        need.interval_end as end_at,
        need.required_agents::double precision as required_agents,
        need.forecast_offered::double precision as forecast_offered,
        need.forecast_aht_s::double precision as forecast_aht_s
    from staging.stg_canonical__staffing_requirement as need
    where need.service_code = :service_code
        and need.interval_start > :from_at
        and need.interval_start < :to_at
    order by need.interval_start
    """
)


class Unknown(StrEnum):
    """Why a cause cannot be told."""

    NO_FORECAST = "no_forecast"
    NO_FORECAST_AHT = "no_forecast_aht"
    NO_REQUIREMENT = "no_requirement"
    NO_ROSTER = "no_roster"
    NO_USUAL_MIX = "no_usual_mix"
    """Nothing tells which part of the service's forecast is the channel's."""


@dataclass(frozen=True)
class Plan:
    """By minute; nan where nothing was given."""

    required: Numbers
    offered: Numbers
    """Contacts forecast for the minute."""
    aht_s: Numbers

    def offered_in(self, from_s: float, to_s: float) -> float | None:
        """Contacts forecast between two moments; None if a part of it was not forecast."""
        edges = np.arange(len(self.offered)) * MINUTE_S
        overlap = np.clip(np.minimum(edges + MINUTE_S, to_s) - np.maximum(edges, from_s), 0, None)
        if not np.any(overlap > 0) or np.any(np.isnan(self.offered[overlap > 0])):
            return None
        return float(np.nansum(self.offered * overlap / MINUTE_S))

    def aht_in(self, from_s: float, to_s: float) -> float | None:
        first, last = int(from_s // MINUTE_S), -int(-to_s // MINUTE_S)
        given = self.aht_s[first:last]
        if len(given) == 0 or np.all(np.isnan(given)):
            return None
        return float(np.nanmean(given))


def read_plan(connection: Connection, service_code: str, span: Span) -> Plan:
    """The plan of the service as a whole."""
    rows = connection.execute(
        NEEDS,
        {
            "service_code": service_code,
            "from_at": span.from_at - LONGEST,
            "to_at": span.to_at,
        },
    ).all()
    required, offered, aht_s = (np.full(span.minutes, np.nan) for _ in range(3))
    for row in rows:
        length_min = (row.end_at - row.start_at).total_seconds() / MINUTE_S
        first, last = (round(span.seconds(at) / MINUTE_S) for at in (row.start_at, row.end_at))
        held = slice(max(first, 0), max(last, 0))
        if row.required_agents is not None:
            required[held] = row.required_agents
        if row.forecast_offered is not None and length_min > 0:
            offered[held] = row.forecast_offered / length_min
        if row.forecast_aht_s:
            aht_s[held] = row.forecast_aht_s
    return Plan(required, offered, aht_s)


def interval_min(connection: Connection) -> int:
    """The length of the KPI interval, in minutes."""
    found: int = connection.execute(text("select interval_min from ops.clock")).scalar_one()
    return found
