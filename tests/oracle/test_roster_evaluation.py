"""The reading of staffing requirements, held against intervals counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .reference import marts
from .world import Cells, Delivery, World

NINE = datetime(2026, 11, 16, 2, tzinfo=UTC)
"""09:00 in Jakarta."""
SERVICE = {
    "service_code": "S1",
    "service_name": "S",
    "client_name": "B",
    "timezone": "Asia/Jakarta",
}


def asked(at: str, agents: str, offered: str = "", aht_s: str = "") -> Cells:
    return {
        "service_code": "S1",
        "interval_start": at,
        "required_agents": agents,
        "forecast_offered": offered,
        "forecast_aht_s": aht_s,
    }


def read(*rows: Cells, column: str = "required", minutes: int = 30) -> dict[str, float | None]:
    """By the local time at which an interval starts."""
    deliveries = (
        Delivery("service", "s.csv", NINE, (SERVICE,)),
        Delivery("staffing_requirement", "r.csv", NINE, rows),
    )
    found = marts(World(deliveries, NINE + timedelta(days=1), minutes))["fct_roster_evaluation"]
    return {f"{row['interval_start'] + timedelta(hours=7):%H:%M}": row[column] for row in found}


def test_a_requirement_holds_until_the_next_one_or_as_long_as_the_one_before() -> None:
    hourly = [asked(f"2026-11-16T{hour:02d}:00", str(hour - 8)) for hour in (9, 10)]
    assert read(*hourly) == {"09:00": 1, "09:30": 1, "10:00": 2, "10:30": 2}
    assert read(*hourly, minutes=60) == {"09:00": 1, "10:00": 2}
    # Half hours until the service closes do not run on into the evening
    halves = [asked(f"2026-11-16T{time}", "3") for time in ("16:00", "16:30")]
    next_day = asked("2026-11-17T08:00", "1")
    assert read(*halves, next_day) == {"16:00": 3, "16:30": 3, "08:00": 1}
    # In the middle of an interval: what it speaks of counts
    assert read(asked("2026-11-16T09:20", "4")) == {"09:00": 4, "09:30": 4}


def test_a_requirement_written_in_another_way_is_the_same_and_the_later_holds() -> None:
    rows = (asked("2026-11-16T09:00", "4", "10"), asked("2026-11-16T02:00Z", "5", "20"))
    assert read(*rows) == {"09:00": 5}
    assert read(*rows, column="forecast_offered") == {"09:00": 20}


def test_calls_without_a_forecast_of_their_length_weigh_nothing() -> None:
    rows = (asked("2026-11-16T09:00", "", "10", "300"), asked("2026-11-16T09:15", "", "30"))
    assert read(*rows, column="forecast_aht_s") == {"09:00": 300}
    assert read(*rows, column="required") == {"09:00": None}
