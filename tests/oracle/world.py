"""What the reference is given: files that arrived, and the moment up to which they are known.

Does not interpret a cell; see `cells`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FEED_COLUMNS: dict[str, tuple[str, ...]] = {
    "service": (
        "service_code",
        "service_name",
        "client_name",
        "timezone",
        "short_abandon_s",
        "counts_self_service",
        "login_tolerance_s",
        "logout_tolerance_s",
        "no_show_after_s",
        "opening_hours",
        "roster_cutoff",
    ),
    "team": ("team_code", "team_name", "service_code", "team_leader_id", "coordinator_id"),
    "agent": (
        "agent_id",
        "agent_name",
        "email",
        "role",
        "team_code",
        "work_pattern",
        "night_shift_allowed",
        "active_from",
        "active_to",
    ),
    "agent_alias": ("source", "external_id", "agent_id"),
    "shift": (
        "shift_code",
        "shift_name",
        "start_time",
        "end_time",
        "break_min",
        "kind",
        "overtime",
    ),
    "aux_code": (
        "aux_code",
        "aux_name",
        "category",
        "allowance_min_per_shift",
        "max_min_per_occurrence",
        "is_productive",
    ),
    "kpi_target": (
        "service_code",
        "channel",
        "kpi",
        "comparator",
        "target",
        "critical",
        "threshold_s",
        "window_min",
        "min_volume",
        "effective_from",
        "effective_to",
    ),
    "staffing_requirement": (
        "service_code",
        "interval_start",
        "required_agents",
        "forecast_offered",
        "forecast_aht_s",
    ),
    "holiday": ("date", "holiday_name", "service_code"),
    "exception": (
        "exception_id",
        "agent_id",
        "start_at",
        "end_at",
        "reason",
        "approved_by",
        "updated_at",
    ),
    "roster": (
        "service_code",
        "agent_id",
        "roster_date",
        "shift_code",
        "function",
        "start_at",
        "end_at",
    ),
    "agent_event": (
        "event_id",
        "occurred_at",
        "agent_id",
        "event",
        "state",
        "aux_code",
        "source",
    ),
    "call": (
        "call_id",
        "service_code",
        "queue",
        "direction",
        "arrived_at",
        "queued_at",
        "answered_at",
        "left_at",
        "ended_at",
        "agent_id",
        "outcome",
        "talk_s",
        "hold_s",
        "acw_s",
        "updated_at",
    ),
    "ring": (
        "ring_id",
        "call_id",
        "service_code",
        "agent_id",
        "source",
        "rang_at",
        "stopped_at",
        "was_answered",
        "updated_at",
    ),
    "conversation": (
        "conversation_id",
        "service_code",
        "channel",
        "received_at",
        "assigned_at",
        "first_response_at",
        "closed_at",
        "agent_id",
        "updated_at",
    ),
}

Cells = dict[str, str]


@dataclass(frozen=True)
class Delivery:
    """One file: its name tells its format (`.csv`, `.jsonl`, either with `.gz`)."""

    feed: str
    file_name: str
    arrived_at: datetime
    rows: tuple[Cells, ...]
    separator: str = ","


@dataclass(frozen=True)
class World:
    deliveries: tuple[Delivery, ...]
    as_of: datetime
    interval_minutes: int = 30
