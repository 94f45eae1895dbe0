"""Tells where two versions of a mart differ, in words, within the precision that is promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

SECONDS_TOLERANCE = 1.0
RATE_TOLERANCE = 0.01

Row = Mapping[str, Any]


@dataclass(frozen=True)
class MartShape:
    """The columns that identify a row, and those that are compared."""

    key: tuple[str, ...]
    measures: tuple[str, ...]


KNOWLEDGE = ("known_from_at", "known_to_at", "is_current", "is_provisional")

SHAPES: dict[str, MartShape] = {
    "fct_scr_interval": MartShape(
        key=("service_code", "channel", "interval_start"),
        measures=(
            "offered",
            "answered",
            "self_served",
            "abandoned",
            "short_abandoned",
            "left_in_menu",
            "blocked",
            "timed_out",
            "still_open",
            "scr_numerator",
            "scr_denominator",
            "scr_pct",
            "abandon_pct",
            "answered_in_threshold",
            "service_level_pct",
            "wait_s_sum",
            "asa_s",
            "handle_s_sum",
            "handled",
            "aht_s",
            "is_provisional",
        ),
    ),
    "fct_response_time_interval": MartShape(
        key=("service_code", "channel", "interval_start"),
        measures=(
            "received",
            "responded",
            "responded_in_target",
            "overdue_unanswered",
            "response_time_pct",
            "avg_first_response_s",
            "p50_first_response_s",
            "p90_first_response_s",
            "waiting_list",
            "oldest_waiting_s",
            "is_provisional",
        ),
    ),
    "fct_attendance": MartShape(
        key=("agent_id", "service_code", "roster_date", "shift_code"),
        measures=(
            "function",
            "planned_start_at",
            "planned_end_at",
            "first_login_at",
            "last_logout_at",
            "scheduled_s",
            "present_s",
            "status",
            "is_provisional",
        ),
    ),
    "fct_login_compliance": MartShape(
        key=("agent_id", "service_code", "roster_date", "shift_code"),
        measures=(
            "login_late_s",
            "logout_early_s",
            "gap_s",
            "overtime_s",
            "auto_closed",
            "is_compliant",
            "conformance_numerator",
            "conformance_denominator",
            "conformance_pct",
            "is_provisional",
        ),
    ),
    "fct_aux_usage": MartShape(
        key=("agent_id", "service_code", "roster_date", "shift_code", "aux_code"),
        measures=(
            "aux_s",
            "occurrences",
            "longest_s",
            "allowance_s",
            "excess_s",
            "is_over_occurrence",
            "is_provisional",
        ),
    ),
    "fct_rotg_violation": MartShape(
        key=("agent_id", "service_code", "rule_code", "started_at"),
        measures=(
            "ended_at",
            "roster_date",
            "shift_code",
            "measured",
            "threshold",
            "evidence",
            "is_provisional",
        ),
    ),
    "fct_adherence_interval": MartShape(
        key=("agent_id", "service_code", "interval_start"),
        measures=("scheduled_s", "out_s", "logged_in_s", "adherence_pct", "is_provisional"),
    ),
    "fct_roster_evaluation": MartShape(
        key=("service_code", "interval_start"),
        measures=(
            *("required", "rostered", "present", "understaffed_s"),
            *("coverage_numerator", "coverage_denominator", "coverage_pct", "coverage_formula"),
            *("shrinkage_numerator", "shrinkage_denominator"),
            *("shrinkage_pct", "shrinkage_formula"),
            *("forecast_offered", "forecast_aht_s", "is_provisional"),
        ),
    ),
    "rpt_data_quality_row": MartShape(
        # What names a row may be a hash; its place in a file is as good
        key=("kind", "feed", "file_name", "row_number", "agent_id", "occurred_at"),
        measures=("service_code", "is_provisional"),
    ),
    "rpt_data_quality": MartShape(
        key=("kind", "feed"),
        measures=("defects", "first_at", "last_at", "is_provisional"),
    ),
    "rpt_feed_freshness": MartShape(
        key=("feed",),
        measures=(
            *("latest_event_at", "latest_arrival_at", "age_s", "comes_all_day", "is_stale"),
            "is_provisional",
        ),
    ),
    "dim_agent_history": MartShape(
        key=("agent_id", "version"),
        measures=(
            *("agent_name", "email", "role", "team_code", "service_code"),
            *("valid_from", "valid_to", *KNOWLEDGE),
        ),
    ),
    "dim_team_history": MartShape(
        key=("team_code", "version"),
        measures=("team_name", "service_code", "team_leader_id", "coordinator_id", *KNOWLEDGE),
    ),
    "dim_service_history": MartShape(
        key=("service_code", "version"),
        measures=(
            *("service_name", "client_name", "timezone", "short_abandon_s", "counts_self_service"),
            *("login_tolerance_s", "logout_tolerance_s", "no_show_after_s"),
            *("opening_hours", "roster_cutoff", *KNOWLEDGE),
        ),
    ),
    "dim_kpi_target_history": MartShape(
        key=("service_code", "channel", "kpi", "valid_from", "version"),
        measures=(
            *("formula", "comparator", "target", "critical", "threshold_s"),
            *("window_min", "min_volume", "valid_to", *KNOWLEDGE),
        ),
    ),
}


MEANS = (
    *("required", "rostered", "present", "coverage_numerator", "coverage_denominator"),
    "forecast_offered",
)
"""Numbers of agents or contacts that need not be whole."""


def tolerance(column: str) -> float:
    if column.endswith("_pct") or column in MEANS:
        return RATE_TOLERANCE
    if column.endswith(("_s", "_s_sum")) or column.startswith(("conformance_", "shrinkage_")):
        return SECONDS_TOLERANCE
    return 0.0


def shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def are_equal(column: str, expected: Any, actual: Any) -> bool:
    if expected is None or actual is None:
        return expected is None and actual is None
    if isinstance(expected, datetime) and isinstance(actual, datetime):
        return abs((expected - actual).total_seconds()) < SECONDS_TOLERANCE
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    numbers = (int, float, Decimal, Fraction)
    if isinstance(expected, numbers) and isinstance(actual, numbers):
        return abs(float(expected) - float(actual)) <= tolerance(column)
    return bool(expected == actual)


def key_of(row: Row, key: Sequence[str]) -> tuple[Any, ...]:
    """Times by the instant, whatever zone they are written in."""
    return tuple(
        value.timestamp() if isinstance(value, datetime) else value
        for value in (row[column] for column in key)
    )


def name_of(row: Row, key: Sequence[str]) -> str:
    return ", ".join(f"{column}={shown(row[column])}" for column in key)


def rows_by_key(
    side: str, rows: Iterable[Row], key: Sequence[str]
) -> tuple[dict[tuple[Any, ...], Row], list[str]]:
    listed = list(rows)
    times = Counter(key_of(row, key) for row in listed)
    by_key = {key_of(row, key): row for row in listed}
    doubles = [
        f"{side} has {times[row_key]} rows for {name_of(row, key)}"
        for row_key, row in by_key.items()
        if times[row_key] > 1
    ]
    return by_key, doubles


def differences(
    expected_rows: Iterable[Row],
    actual_rows: Iterable[Row],
    key: Sequence[str],
    columns: Sequence[str],
) -> list[str]:
    """One line per difference; none when both say the same.

    Counts and text are exact, times equal to the second, seconds within 1, rates within 0.01
    points; null against a value is a difference.
    """
    expected, found = rows_by_key("expected", expected_rows, key)
    actual, doubles = rows_by_key("actual", actual_rows, key)
    found += doubles
    for row_key, row in expected.items():
        if row_key not in actual:
            found.append(f"missing: {name_of(row, key)}")
            continue
        for column in columns:
            other = actual[row_key][column]
            if not are_equal(column, row[column], other):
                found.append(
                    f"{name_of(row, key)}: {column} is {shown(other)}, "
                    f"expected {shown(row[column])}"
                )
    found += [
        f"not expected: {name_of(row, key)}"
        for row_key, row in actual.items()
        if row_key not in expected
    ]
    return found


def mart_differences(
    mart: str,
    expected_rows: Iterable[Row],
    actual_rows: Iterable[Row],
    left_out: Sequence[str] = (),
) -> list[str]:
    """`differences` of a mart in its own key and measures, less the columns left out."""
    shape = SHAPES[mart]
    columns = [column for column in shape.measures if column not in left_out]
    return [
        f"{mart}: {difference}"
        for difference in differences(expected_rows, actual_rows, shape.key, columns)
    ]
