"""The reading of the histories, held against versions counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .histories import histories
from .world import Cells, Delivery, World

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SERVICE = {
    "service_code": "S1",
    "service_name": "S",
    "client_name": "B",
    "timezone": "Asia/Jakarta",
}


def team(name: str = "Satu", service: str = "S1") -> Cells:
    return {
        "team_code": "T1",
        "team_name": name,
        "service_code": service,
        "team_leader_id": "L1",
        "coordinator_id": "K1",
    }


def agent(name: str = "Ani") -> Cells:
    return {
        "agent_id": "A1",
        "agent_name": name,
        "role": "agent",
        "team_code": "T1",
        "active_from": "2026-01-01",
    }


def read(mart: str, *said: tuple[int, str, Cells], as_of: int = 60) -> list[tuple[object, ...]]:
    """Versions as (number, name, service, minute from, minute to)."""
    services = [
        Delivery("service", f"s{code}.csv", NOON, (SERVICE | {"service_code": code},))
        for code in ("S1", "S2")
    ]
    deliveries = [
        Delivery(feed, f"{place:02d}.csv", NOON + minute * MINUTE, (row,))
        for place, (minute, feed, row) in enumerate(said)
    ]
    world = World((*services, *deliveries), NOON + as_of * MINUTE)

    def minute(at: datetime | None) -> float | None:
        return at and (at - NOON) / MINUTE

    return [
        (
            row["version"],
            row.get("team_name") or row.get("agent_name"),
            row["service_code"],
            minute(row["known_from_at"]),
            minute(row["known_to_at"]),
        )
        for row in histories(world)[mart]
    ]


def test_what_was_said_again_later_is_a_version_again_and_at_once_is_none() -> None:
    said = [(1, "team", team("A")), (2, "team", team("A")), (4, "team", team("A"))]
    late = (3, "team", team("B"))
    assert read("dim_team_history", *said) == [(1, "A", "S1", 1, None)]
    assert read("dim_team_history", *said, late) == [
        (1, "A", "S1", 1, 3),
        (2, "B", "S1", 3, 4),
        (3, "A", "S1", 4, None),
    ]
    assert read("dim_team_history", *said, late, as_of=3)[-1] == (2, "B", "S1", 3, None)


def test_of_one_moment_the_last_holds_and_unknown_services_say_nothing() -> None:
    said = [
        (1, "team", team("A")),
        (2, "team", team("B")),
        (2, "team", team("C")),
        (3, "team", team("D", "S9")),
    ]
    assert read("dim_team_history", *said) == [(1, "A", "S1", 1, 2), (2, "C", "S1", 2, None)]


def test_an_agent_has_the_service_that_the_team_had_and_at_first_the_first_one() -> None:
    said = [
        (1, "agent", agent()),
        (2, "team", team(service="S1")),
        (3, "team", team("Dua", "S1")),
        (4, "team", team(service="S2")),
        (5, "agent", agent("Budi")),
    ]
    assert read("dim_agent_history", *said) == [
        (1, "Ani", "S1", 1, 4),
        (2, "Ani", "S2", 4, 5),
        (3, "Budi", "S2", 5, None),
    ]
