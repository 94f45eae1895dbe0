"""What the page Today says: put together from one query for each of its blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """People of one team, each with all that is wrong."""

    service_name: str
    name: str
    people: list[list[Row[Any]]]


@dataclass(frozen=True)
class Today:
    """The blocks of the page, in reading order."""

    as_of: datetime | None
    zone: str
    missed_feeds: Rows
    breaches: Rows
    plans: OpenPlans
    rosters: Rows
    """Dates without a roster that the visitor may upload."""
    rounds: Rows
    """Teams in shifts under way whose floor the visitor is to check."""
    exceptions: Rows
    """Requests for the visitor to decide."""
    coaching: Rows
    """Steps for the visitor to decide, or to follow up by now."""
    services: list[Service]
    away: list[Team]
    """Who is not in place now."""
    back: list[Team]
    """Who is in place now, and was late or over their AUX before."""

    @property
    def people_away(self) -> int:
        return _count(self.away)

    @property
    def people_back(self) -> int:
        return _count(self.back)


def read_today(connection: Connection, visitor: Visitor) -> Today:
    """The page for the services of the visitor."""
    codes = visitor.services(Right.READ_SERVICE)
    clock = state.read_clock(connection)
    if clock.as_of is None:
        nothing = OpenPlans([], [])
        return Today(None, "UTC", [], [], nothing, [], [], [], [], [], [], [])
    now = kpis.read_now(connection, codes)
    intervals = kpis.read_intervals(
        connection, codes, clock.as_of - WIDEST_ZONES, clock.as_of + timedelta(seconds=1)
    )
    matters = absence.read_on_shift(connection, codes, clock.as_of)
    away = {matter.agent_id for matter in matters if matter.is_now}
    known = state.read_services(connection, codes)
    return Today(
        clock.as_of,
        known[0].timezone if known else "UTC",
        state.read_missed_feeds(connection),
        breaches.read_open(connection, codes),
        read_open_plans(connection, visitor, MOST_OF_A_LIST),
        state.read_missing_rosters(connection, visitor.services(Right.UPLOAD_ROSTER)),
        rotg_page.read_waiting(connection, visitor, clock.as_of),
        exception_page.read_to_decide(connection, visitor, MOST_OF_A_LIST),
        coaching_page.read_mine(connection, visitor, MOST_OF_A_LIST),
        _services(now, intervals, known),
        _teams(matter for matter in matters if matter.is_now),
        _teams(matter for matter in matters if matter.agent_id not in away),
    )


def _teams(matters: Iterable[Row[Any]]) -> list[Team]:
    teams = []
    for (service, name), of_team in groupby(
        matters, key=lambda matter: (matter.service_name, matter.team_name)
    ):
        people: dict[str, list[Row[Any]]] = {}
        for matter in of_team:
            people.setdefault(matter.agent_id, []).append(matter)
        teams.append(Team(service, name, list(people.values())))
    return teams


def _count(teams: list[Team]) -> int:
    """Each person once, also who is in the shifts of two services."""
    return len({matters[0].agent_id for team in teams for matters in team.people})


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
