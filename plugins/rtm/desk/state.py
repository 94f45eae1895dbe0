"""The state of the data under a page: its clock, feeds that are missed, missing rosters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

Rows = Sequence[Row[Any]]

CLOCK = text("select max(built_as_of) as as_of, max(interval_min) as interval_min from ops.clock")

SERVICES = text(
    """
    select service_code, service_name, timezone
    from marts.dim_service
    where service_code = any(:services)
    order by service_name
    """
)

FEEDS = text(
    """
    select feed, age_s, latest_arrival_at
    from marts.rpt_feed_freshness
    where is_missed
    order by feed
    """
)

ROSTERS = text(
    """
    select
        date.service_code,
        service.service_name,
        service.timezone,
        date.roster_date,
        date.due_at,
        date.status,
        date.lacks
    from marts.rpt_roster_date as date
    inner join marts.dim_service as service on service.service_code = date.service_code
    where date.service_code = any(:services)
        and date.status in ('awaited', 'missing')
        and date.due_at <= date.as_of + interval '1 day'
        and date.roster_date >= (date.as_of at time zone service.timezone)::date
    order by date.due_at, service.service_name
    """
)


@dataclass(frozen=True)
class Clock:
    """Up to when the marts are computed; None before their first build."""

    as_of: datetime | None
    interval_min: int


def read_clock(connection: Connection) -> Clock:
    row = connection.execute(CLOCK).one()
    return Clock(row.as_of, row.interval_min or 30)


def read_services(connection: Connection, services: list[str]) -> Rows:
    return connection.execute(SERVICES, {"services": services}).all()


def read_missed_feeds(connection: Connection) -> Rows:
    return connection.execute(FEEDS).all()


def read_missing_rosters(connection: Connection, services: list[str]) -> Rows:
    """Rosters of coming dates that are not there, and due within a day or overdue."""
    return connection.execute(ROSTERS, {"services": services}).all()
