"""Of which service, channel and stretch of time a breach tells, and by which rules it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, text

VOICE = "voice"
USUAL_SERVICE_LEVEL_S = 20.0

RULES = text(
    """
    select
        service.timezone,
        service.short_abandon_s::double precision as short_abandon_s,
        service.counts_self_service,
        service.has_opening_hours,
        target.threshold_s::double precision as threshold_s,
        coalesce(target.formula_version, 1) as formula_version
    from intermediate.int_service as service
    left join lateral (
        select held.threshold_s, held.formula_version
        from staging.stg_canonical__kpi_target as held
        where held.service_code = service.service_code
            and held.channel = :channel
            and held.kpi = :kpi
            and (cast(:at as timestamptz) at time zone service.timezone)::date
            between held.effective_from and coalesce(held.effective_to, 'infinity')
        order by held.effective_from desc
        limit 1
    ) as target on true
    where service.service_code = :service_code
    """
)


@dataclass(frozen=True)
class Breach:
    """What is used of a row of ops.breach."""

    service_code: str
    channel: str
    kpi: str
    started_at: datetime
    detected_at: datetime
    comparator: str
    target: float
    observed: float
    at_risk_s: float | None = None
    """Who had waited so long when the window ended counted as missed; None: nobody."""

    @classmethod
    def of(cls, row: Row[Any] | Mapping[str, Any]) -> Breach:
        told = row._mapping if isinstance(row, Row) else row
        return cls(
            service_code=told["service_code"],
            channel=told["channel"],
            kpi=told["kpi"],
            started_at=told["started_at"],
            detected_at=told["detected_at"],
            comparator=told["comparator"],
            target=float(told["target"]),
            observed=float(told["observed"]),
            at_risk_s=None if told.get("at_risk_s") is None else float(told["at_risk_s"]),
        )

    @property
    def sign(self) -> int:
        """1 where more is better, else -1."""
        return 1 if self.comparator == ">=" else -1

    @property
    def gap(self) -> float:
        """By how much the target is missed; positive whichever way it points."""
        return self.sign * (self.target - self.observed)

    @property
    def is_voice(self) -> bool:
        return self.channel == VOICE


@dataclass(frozen=True)
class Rules:
    """How a service counts its KPI."""

    zone: ZoneInfo
    short_abandon_s: float
    counts_self_service: bool
    has_opening_hours: bool
    threshold_s: float | None
    formula_version: int

    def local_date(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


@dataclass(frozen=True)
class Span:
    """A stretch of time; moments in it are told in seconds from its start."""

    from_at: datetime
    to_at: datetime

    def seconds(self, at: datetime) -> float:
        return (at - self.from_at).total_seconds()

    @property
    def length_s(self) -> float:
        return self.seconds(self.to_at)

    @property
    def minutes(self) -> int:
        return -int(-self.length_s // 60)

    def before(self, length: timedelta) -> Span:
        return Span(self.from_at - length, self.from_at)


def read_rules(connection: Connection, breach: Breach) -> Rules | None:
    """The rules in force at the breach; None of a service that is not known."""
    row = connection.execute(
        RULES,
        {
            "service_code": breach.service_code,
            "channel": breach.channel,
            "kpi": breach.kpi,
            "at": breach.detected_at,
        },
    ).one_or_none()
    if row is None:
        return None
    threshold_s = row.threshold_s
    if threshold_s is None and breach.kpi == "service_level":
        threshold_s = USUAL_SERVICE_LEVEL_S
    return Rules(
        ZoneInfo(row.timezone),
        row.short_abandon_s,
        row.counts_self_service,
        row.has_opening_hours,
        threshold_s,
        int(row.formula_version),
    )
