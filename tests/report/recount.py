"""The figures of a month counted a second time, in plain Python, from the rows of the marts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Query = Callable[..., list[Row]]

VOICE = {
    "scr": ("scr_numerator", "scr_denominator"),
    "abandon_rate": ("abandon_numerator", "abandon_denominator"),
    "service_level": ("service_level_numerator", "service_level_denominator"),
    "aht": ("handle_s_sum", "handled"),
    "asa": ("wait_s_sum", "answered"),
}
RATES = {
    *("scr", "abandon_rate", "service_level", "response_time"),
    *("attendance", "login_compliance", "adherence"),
}
Key = tuple[str, str, str]
"""Service, channel, KPI."""


def sums(query: Query, first: date) -> dict[Key, tuple[float, float]]:
    """Numerator and denominator of every KPI that was measured in the month that begins then."""
    zones = {
        row["service_code"]: row["timezone"] for row in query("select * from marts.dim_service")
    }
    found: dict[Key, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(key: Key, numerator: float, denominator: float) -> None:
        found[key][0] += float(numerator)
        found[key][1] += float(denominator)

    def is_in(row: Row) -> bool:
        return in_month(row["interval_start"], zones[row["service_code"]], first)

    for row in filter(is_in, query("select * from marts.fct_scr_interval")):
        for kpi, (numerator, denominator) in VOICE.items():
            add((row["service_code"], row["channel"], kpi), row[numerator], row[denominator])
    for row in filter(is_in, query("select * from marts.fct_response_time_interval")):
        who = (row["service_code"], row["channel"])
        judged = row["responded"] + row["overdue_unanswered"]
        has_threshold = row["response_time_threshold_s"] is not None
        add((*who, "response_time"), row["responded_in_target"], judged if has_threshold else 0)
        add((*who, "waiting_list"), row["waiting_list"], 1)
        add((*who, "oldest_waiting"), row["oldest_waiting_s"] or 0, 1)
    for kpi, mart in (("attendance", "attendance"), ("login_compliance", "login_compliance")):
        for row in query(f"select * from marts.fct_{mart}"):
            if row["roster_date"].replace(day=1) == first:
                key = (row["service_code"], "all", kpi)
                add(key, row[f"{kpi}_numerator"], row[f"{kpi}_denominator"])
    for row in filter(is_in, query("select * from marts.fct_adherence_interval")):
        key = (row["service_code"], "all", "adherence")
        add(key, row["scheduled_s"] - row["out_s"], row["scheduled_s"])
    return {key: (numerator, denominator) for key, (numerator, denominator) in found.items()}


def in_month(moment: datetime, zone: str, first: date) -> bool:
    return moment.astimezone(ZoneInfo(zone)).date().replace(day=1) == first


def value(kpi: str, numerator: float, denominator: float) -> float | None:
    return (100 if kpi in RATES else 1) * numerator / denominator if denominator else None


def target_on(targets: Iterable[Row], day: date) -> Row | None:
    """Of the targets of one KPI, the one in force, where none was ever corrected."""
    held = [
        row
        for row in targets
        if row["valid_from"] <= day <= (row["valid_to"] or day + timedelta(days=1))
    ]
    return max(held, key=lambda row: row["valid_from"], default=None)


def attendance_states(query: Query, first: date) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in query("select service_code, status, roster_date from marts.fct_attendance"):
        if row["roster_date"].replace(day=1) == first:
            counts[row["service_code"]][row["status"]] += 1
    return counts


def aux_use(query: Query, first: date) -> dict[tuple[str, str], list[Row]]:
    uses: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in query("select * from marts.fct_aux_usage"):
        if row["roster_date"].replace(day=1) == first:
            uses[row["service_code"], row["aux_code"]].append(row)
    return uses


def breaches(query: Query, first: date) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in query(
        "select breach.*, service.timezone from marts.fct_breach as breach"
        " join marts.dim_service as service using (service_code) where scope = 'service'"
    ):
        if in_month(row["detected_at"], row["timezone"], first):
            found[row["service_code"], row["channel"], row["kpi"]].append(row)
    return found
