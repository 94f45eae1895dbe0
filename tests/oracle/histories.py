"""The histories of agents, teams, services and targets, read from every delivery in its order.

A thing is what the latest delivery so far says of it; where that changes, a version begins. Of
deliveries of one moment the last one counts. A row that names a service which is never known is
not there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any

from . import cells
from .deliveries import known_deliveries
from .world import Cells, World

Row = dict[str, Any]
Said = dict[datetime, Row]
"""By moment of delivery, what was said of one thing."""


def histories(world: World) -> dict[str, list[Row]]:
    """The history marts, by name."""
    services = said_of_each(world, "service", service_as_shown, ("service_code",))
    known = {code for (code,) in services}

    def of_known(read: Callable[[Cells], Row]) -> Callable[[Cells], Row | None]:
        def read_known(row: Cells) -> Row | None:
            return read(row) if row["service_code"] in known else None

        return read_known

    target_key = ("service_code", "channel", "kpi", "valid_from")
    teams = said_of_each(world, "team", of_known(team_as_shown), ("team_code",))
    targets = said_of_each(world, "kpi_target", of_known(target_as_shown), target_key)
    agents = said_of_each(world, "agent", agent_as_shown, ("agent_id",))
    with_service = {key: with_service_of_team(said, teams) for key, said in agents.items()}
    return {
        "dim_service_history": versions_of_each(services),
        "dim_team_history": versions_of_each(teams),
        "dim_kpi_target_history": versions_of_each(targets),
        "dim_agent_history": versions_of_each(with_service),
    }


def said_of_each(
    world: World, feed: str, read: Callable[[Cells], Row | None], key: Iterable[str]
) -> dict[tuple[Hashable, ...], Said]:
    said: dict[tuple[Hashable, ...], Said] = {}
    for delivery in known_deliveries(world, feed):
        for row in delivery.rows:
            shown = read(row)
            if shown is not None:
                of_one = said.setdefault(tuple(shown[column] for column in key), {})
                of_one[delivery.arrived_at] = shown
    return said


def with_service_of_team(agent: Said, teams: dict[tuple[Hashable, ...], Said]) -> Said:
    """What was said of an agent, said again whenever any team is told of; `versions` compares."""
    first = min(agent)
    told = {moment for team in teams.values() for moment in team if moment > first}
    result: Said = {}
    for moment in sorted({*agent, *told}):
        person = at(agent, moment)
        team = teams.get((person["team_code"],))
        # The first version of a team stands for all time before it
        service = at(team, max(moment, min(team)))["service_code"] if team else None
        result[moment] = person | {"service_code": service}
    return result


def at(said: Said, moment: datetime) -> Row:
    return said[max(time for time in said if time <= moment)]


def versions_of_each(said: dict[tuple[Hashable, ...], Said]) -> list[Row]:
    return [version for of_one in said.values() for version in versions(of_one)]


def versions(said: Said) -> list[Row]:
    found: list[Row] = []
    shown_before: Row | None = None
    for moment, shown in sorted(said.items(), key=lambda item: item[0]):
        if shown == shown_before:
            continue
        if found:
            found[-1] |= {"known_to_at": moment, "is_current": False, "is_provisional": False}
        found.append(
            shown
            | {
                "version": len(found) + 1,
                "known_from_at": moment,
                "known_to_at": None,
                "is_current": True,
                "is_provisional": True,
            }
        )
        shown_before = shown
    return found


# What the marts show


def texts(row: Cells, *columns: str) -> Row:
    return {column: cells.text(row, column) for column in columns}


def service_as_shown(row: Cells) -> Row:
    return texts(
        row, "service_code", "service_name", "client_name", "timezone", "opening_hours"
    ) | {
        "short_abandon_s": cells.number_or(row, "short_abandon_s", 5),
        "counts_self_service": cells.boolean_or(row, "counts_self_service", True),
        "login_tolerance_s": cells.number_or(row, "login_tolerance_s", 300),
        "logout_tolerance_s": cells.number_or(row, "logout_tolerance_s", 300),
        "no_show_after_s": cells.number_or(row, "no_show_after_s", 1800),
        "roster_cutoff": cells.clock_time(
            {"roster_cutoff": cells.text(row, "roster_cutoff") or "17:00"}, "roster_cutoff"
        ),
    }


def team_as_shown(row: Cells) -> Row:
    columns = ("team_code", "team_name", "service_code", "team_leader_id", "coordinator_id")
    return texts(row, *columns)


def agent_as_shown(row: Cells) -> Row:
    return texts(row, "agent_id", "agent_name", "email", "team_code") | {
        "role": cells.required_text(row, "role").lower(),
        "valid_from": cells.day(row, "active_from"),
        "valid_to": cells.day(row, "active_to"),
    }


def target_as_shown(row: Cells) -> Row:
    kpi, _, version = cells.required_text(row, "kpi").partition("/")
    numbers = ("target", "critical", "threshold_s", "window_min", "min_volume")
    return (
        texts(row, "service_code", "channel", "comparator")
        | {column: cells.number(row, column) for column in numbers}
        | {
            "kpi": kpi,
            "formula": f"{kpi}/{version or 1}",
            "valid_from": cells.day(row, "effective_from"),
            "valid_to": cells.day(row, "effective_to"),
        }
    )
