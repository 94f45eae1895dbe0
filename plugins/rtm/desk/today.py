"""What the page Today says: put together from one query for each of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from rtm.charts import Spark, spark
from rtm.desk import (
    absence,
    breaches,
    coaching_page,
    exception_page,
    kpis,
    rotg_page,
    state,
)
from rtm.desk.plan_turns import OpenPlans, read_open_plans
from rtm.desk.rights import Right, Visitor

Rows = Sequence[Row[Any]]
MOST_OF_A_LIST = 25
"""So many plans, requests and steps of coaching are on the page itself; each list says how many
there are, and a page of its own has all of them."""
WIDEST_ZONES = timedelta(hours=24)
"""A day that is under way anywhere began at most so long ago."""


@dataclass(frozen=True)
class Kpi:
    """A KPI of a service against its target, with its day so far."""

    now: Row[Any]
    values: list[float | None]
    trend: Spark | None

    @property
    def told(self) -> list[float]:
        return [value for value in self.values if value is not None]


@dataclass(frozen=True)
class Channel:
    name: str
    is_behind: bool
    kpis: list[Kpi]


@dataclass(frozen=True)
class Service:
    code: str
    name: str
    channels: list[Channel]


@dataclass(frozen=True)
class Team:
    """People of one team who are not where the roster has them."""

    service_name: str
    name: str
    people: list[Row[Any]]


@dataclass(frozen=True)
class Today:
    """The blocks of the page, in reading order."""

    as_of: datetime | None
    zone: str
    missed_feeds: Rows
    breaches: Rows
    plans: OpenPlans
    rosters: Rows
    rounds: Rows
    """Teams in shifts under way whose floor the visitor is to check."""
    exceptions: Rows
    """Requests for the visitor to decide."""
    coaching: Rows
    """Steps for the visitor to decide, or to follow up by now."""
    services: list[Service]
    teams: list[Team]

    @property
    def people(self) -> int:
        return sum(len(team.people) for team in self.teams)


def read_today(connection: Connection, visitor: Visitor) -> Today:
    """The page for the services of the visitor."""
    codes = visitor.services(Right.READ_SERVICE)
    clock = state.read_clock(connection)
    if clock.as_of is None:
        nothing = OpenPlans([], [])
        return Today(None, "UTC", [], [], nothing, [], [], [], [], [], [])
    now = kpis.read_now(connection, codes)
    intervals = kpis.read_intervals(
        connection, codes, clock.as_of - WIDEST_ZONES, clock.as_of + timedelta(seconds=1)
    )
    people = absence.read_on_shift(connection, codes, clock.as_of)
    known = state.read_services(connection, codes)
    return Today(
        clock.as_of,
        known[0].timezone if known else "UTC",
        state.read_missed_feeds(connection),
        breaches.read_open(connection, codes),
        read_open_plans(connection, visitor, MOST_OF_A_LIST),
        state.read_missing_rosters(connection, codes),
        rotg_page.read_waiting(connection, visitor, clock.as_of),
        exception_page.read_to_decide(connection, visitor, MOST_OF_A_LIST),
        coaching_page.read_mine(connection, visitor, MOST_OF_A_LIST),
        _services(now, intervals, known),
        [
            Team(service, team, list(of_team))
            for (service, team), of_team in groupby(
                people, key=lambda person: (person.service_name, person.team_name)
            )
        ],
    )


def _services(now: Rows, intervals: Rows, known: Rows) -> list[Service]:
    """All services, those without a target too."""
    by_kpi = {
        key: list(rows)
        for key, rows in groupby(
            intervals, key=lambda row: (row.service_code, row.channel, row.kpi)
        )
    }
    by_service: dict[str, list[Row[Any]]] = {}
    for row in now:
        by_service.setdefault(row.service_code, []).append(row)
    return [
        Service(
            service.service_code,
            service.service_name,
            [
                _channel(name, list(rows), by_kpi)
                for name, rows in groupby(
                    by_service.get(service.service_code, []), key=lambda row: row.channel
                )
            ],
        )
        for service in known
    ]


def _channel(
    name: str, rows: list[Row[Any]], by_kpi: dict[tuple[str, str, str], list[Row[Any]]]
) -> Channel:
    kpis_of_channel = []
    for row in rows:
        values = [
            interval.value
            for interval in by_kpi.get((row.service_code, row.channel, row.kpi), [])
            if interval.interval_start >= row.day_start
        ]
        is_drawn = sum(value is not None for value in values) > 1
        kpis_of_channel.append(Kpi(row, values, spark(values, row.target) if is_drawn else None))
    return Channel(name, any(row.is_feed_behind for row in rows), kpis_of_channel)
