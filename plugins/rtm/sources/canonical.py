"""The feeds of the public contract: what a site delivers when it can choose its own format."""

from __future__ import annotations

from rtm.sources.feed import Column, Feed, Kind, Role


def _text(*names: str, required: bool = True) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TEXT, required) for name in names)


def _optional(kind: Kind, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name in names)


def _needed(kind: Kind, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind, required=True) for name in names)


def _choice(name: str, *choices: str, required: bool = True) -> Column:
    return Column(name, Kind.CHOICE, required, choices)


SERVICE = Feed(
    "service",
    (
        *_text("service_code", "service_name", "client_name"),
        *_needed(Kind.ZONE, "timezone"),
        *_optional(Kind.NUMBER, "short_abandon_s"),
        *_optional(Kind.BOOLEAN, "counts_self_service"),
        *_optional(Kind.NUMBER, "login_tolerance_s", "logout_tolerance_s", "no_show_after_s"),
        *_optional(Kind.OPENING_HOURS, "opening_hours"),
        *_optional(Kind.CLOCK, "roster_cutoff"),
    ),
    Role.REFERENCE,
    key=("service_code",),
    keeps_deliveries=True,
)

TEAM = Feed(
    "team",
    _text("team_code", "team_name", "service_code", "team_leader_id", "coordinator_id"),
    Role.REFERENCE,
    key=("team_code",),
    keeps_deliveries=True,
    service_column="service_code",
)

AGENT = Feed(
    "agent",
    (
        *_text("agent_id", "agent_name"),
        *_optional(Kind.TEXT, "email"),
        _choice("role", "agent", "team_leader", "coordinator", "wfm"),
        *_optional(Kind.TEXT, "team_code"),
        _choice("work_pattern", "5x8", "6x7", required=False),
        *_optional(Kind.BOOLEAN, "night_shift_allowed"),
        *_needed(Kind.DATE, "active_from"),
        *_optional(Kind.DATE, "active_to"),
    ),
    Role.REFERENCE,
    key=("agent_id",),
    keeps_deliveries=True,
)

AGENT_ALIAS = Feed(
    "agent_alias",
    _text("source", "external_id", "agent_id"),
    Role.REFERENCE,
    key=("source", "external_id"),
)

QUEUE = Feed(
    "queue",
    (
        *_optional(Kind.TEXT, "source", "queue"),
        *_text("service_code"),
        *_optional(Kind.TEXT, "channel"),
    ),
    Role.REFERENCE,
    key=("source", "queue"),
    service_column="service_code",
)

SHIFT = Feed(
    "shift",
    (
        *_text("shift_code", "shift_name"),
        *_optional(Kind.CLOCK, "start_time", "end_time"),
        *_optional(Kind.NUMBER, "break_min"),
        _choice("kind", "work", "off", "leave", "sick", "training", "holiday"),
        *_optional(Kind.BOOLEAN, "overtime"),
    ),
    Role.REFERENCE,
    key=("shift_code",),
)

AUX_CODE = Feed(
    "aux_code",
    (
        *_text("aux_code", "aux_name", "category"),
        *_needed(Kind.NUMBER, "allowance_min_per_shift"),
        *_optional(Kind.NUMBER, "max_min_per_occurrence"),
        *_optional(Kind.BOOLEAN, "is_productive"),
    ),
    Role.REFERENCE,
    key=("aux_code",),
)

KPI_TARGET = Feed(
    "kpi_target",
    (
        *_text("service_code", "channel"),
        *_needed(Kind.KPI, "kpi"),
        _choice("comparator", ">=", "<="),
        *_needed(Kind.NUMBER, "target"),
        *_optional(Kind.NUMBER, "critical", "threshold_s", "window_min", "min_volume"),
        *_needed(Kind.DATE, "effective_from"),
        *_optional(Kind.DATE, "effective_to"),
    ),
    Role.REFERENCE,
    key=("service_code", "channel", "split_part(kpi, '/', 1)", "effective_from"),
    keeps_deliveries=True,
    service_column="service_code",
)

STAFFING_REQUIREMENT = Feed(
    "staffing_requirement",
    (
        *_text("service_code"),
        *_needed(Kind.INSTANT, "interval_start"),
        *_optional(Kind.NUMBER, "required_agents", "forecast_offered", "forecast_aht_s"),
    ),
    Role.REFERENCE,
    key=("service_code", "interval_start"),
    service_column="service_code",
)

HOLIDAY = Feed(
    "holiday",
    (
        *_needed(Kind.DATE, "date"),
        *_text("holiday_name"),
        *_optional(Kind.TEXT, "service_code"),
    ),
    Role.REFERENCE,
    key=("date", "service_code"),
    service_column="service_code",
)

EXCEPTION_COLUMNS = (
    *_text("exception_id", "agent_id"),
    *_needed(Kind.INSTANT, "start_at", "end_at"),
    *_optional(Kind.TEXT, "reason", "approved_by"),
    *_optional(Kind.INSTANT, "updated_at"),
)

EXCEPTION = Feed(
    "exception",
    EXCEPTION_COLUMNS,
    Role.REFERENCE,
    # Which version holds depends on the zone of the agent's service, which may come later.
    key=(
        "exception_id",
        "md5(" + " || chr(31) || ".join(f"coalesce({c.name}, '')" for c in EXCEPTION_COLUMNS) + ")",
    ),
    versions_of="exception_id",
)

ROTG_RULE = Feed(
    "rotg_rule",
    (
        *_text("service_code"),
        _choice(
            "rule_code",
            *("login_without_roster", "two_stations", "aux_over_occurrence", "aux_unmapped"),
            *("short_calls_in_row", "ringing_unanswered", "acw_over_limit"),
            "left_with_waiting",
        ),
        *_optional(Kind.NUMBER, "threshold", "limit_s"),
        *_optional(Kind.BOOLEAN, "is_active"),
    ),
    Role.REFERENCE,
    key=("service_code", "lower(rule_code)"),
    service_column="service_code",
)

ROTG_CHECKLIST = Feed(
    "rotg_checklist",
    (
        *_text("item_code", "item_name"),
        *_optional(Kind.TEXT, "item_name_indonesian"),
        *_optional(Kind.NUMBER, "item_no"),
        _choice("severity", "warning", "critical", required=False),
        *_optional(Kind.BOOLEAN, "is_active"),
    ),
    Role.REFERENCE,
    key=("lower(item_code)",),
)

AGENT_MATTERS = ("no_show", "late_login", "early_logout", "login_gap", "aux_allowance", "rotg")
"""What an agent may not have kept to, each with a rule of its own."""

BREACH_RULE = Feed(
    "breach_rule",
    (
        *_text("service_code"),
        _choice(
            "kpi",
            *("scr", "abandon_rate", "service_level", "aht", "asa"),
            *("response_time", "waiting_list", "oldest_waiting", "attendance", "staffing"),
            *("roster_h1", *AGENT_MATTERS),
        ),
        *_optional(Kind.NUMBER, "short_min", "long_min", "sure_z", "fast_z", "missed_for_min"),
        *_optional(Kind.NUMBER, "clear_min", "clear_margin", "clear_for_min"),
        *_optional(Kind.NUMBER, "latest_min", "at_risk_s"),
        *_optional(Kind.BOOLEAN, "is_active"),
        _choice("severity", "warning", "critical", required=False),
    ),
    Role.REFERENCE,
    key=("service_code", "lower(kpi)"),
    service_column="service_code",
)

EXPECTED_PEAK = Feed(
    "expected_peak",
    (
        *_text("peak_id", "service_code"),
        *_optional(Kind.TEXT, "channel"),
        *_needed(Kind.KPI, "kpi"),
        *_needed(Kind.INSTANT, "start_at", "end_at"),
        *_text("reason"),
        *_optional(Kind.TEXT, "approved_by"),
    ),
    Role.REFERENCE,
    key=("peak_id",),
    service_column="service_code",
)

PLAN_RULE = Feed(
    "plan_rule",
    (
        *_text("service_code"),
        _choice("severity", "warning", "critical"),
        _choice("step", "submit", "verify", "start", "finish", "close"),
        *_optional(Kind.NUMBER, "due_min", "remind_min", "escalate_min"),
    ),
    Role.REFERENCE,
    key=("service_code", "lower(severity)", "lower(step)"),
    service_column="service_code",
)

COACHING_LADDER = Feed(
    "coaching_ladder",
    (
        *_optional(Kind.TEXT, "service_code"),
        *_text("step_code"),
        *_needed(Kind.NUMBER, "step_no"),
        *_text("step_name"),
        *_optional(Kind.TEXT, "step_name_indonesian"),
        *_needed(Kind.NUMBER, "lapses_after_days", "follow_up_days"),
        *_optional(Kind.BOOLEAN, "is_active"),
    ),
    Role.REFERENCE,
    key=("service_code", "lower(step_code)"),
    service_column="service_code",
)

COACHING_RULE = Feed(
    "coaching_rule",
    (
        *_text("service_code", "matter"),
        *_optional(Kind.NUMBER, "occurrences", "within_days"),
        *_optional(Kind.TEXT, "first_step"),
        *_optional(Kind.BOOLEAN, "is_active"),
    ),
    Role.REFERENCE,
    key=("service_code", "lower(matter)"),
    service_column="service_code",
)

ROSTER = Feed(
    "roster",
    (
        *_text("service_code", "agent_id"),
        *_needed(Kind.DATE, "roster_date"),
        *_text("shift_code"),
        _choice("function", "agent", "pic", "rtfm", required=False),
        *_optional(Kind.INSTANT, "start_at", "end_at"),
    ),
    Role.ROSTER,
    key=("agent_id", "roster_date"),
    # The last two are those of exports.
    suffixes=(".csv", ".jsonl", ".xlsx", ".txt", ".json"),
    service_column="service_code",
)

AGENT_EVENT = Feed(
    "agent_event",
    (
        *_optional(Kind.TEXT, "event_id"),
        *_needed(Kind.INSTANT, "occurred_at"),
        *_text("agent_id"),
        _choice("event", "login", "logout", "state"),
        _choice("state", "ready", "busy", "acw", "aux", required=False),
        *_optional(Kind.TEXT, "aux_code", "source"),
    ),
    Role.RECORD,
    key=("source", "event_id"),
    dense_in="occurred_at",
)

CALL = Feed(
    "call",
    (
        *_text("call_id", "service_code"),
        *_optional(Kind.TEXT, "queue"),
        _choice("direction", "inbound", "outbound"),
        *_needed(Kind.INSTANT, "arrived_at"),
        *_optional(Kind.INSTANT, "queued_at", "answered_at", "left_at", "ended_at"),
        *_optional(Kind.TEXT, "agent_id"),
        _choice(
            "outcome",
            *("answered", "abandoned", "self_served", "blocked", "timed_out", "closed", "open"),
        ),
        *_optional(Kind.NUMBER, "talk_s", "hold_s", "acw_s"),
        *_optional(Kind.INSTANT, "updated_at"),
    ),
    Role.RECORD,
    key=("call_id",),
    service_column="service_code",
)

RING = Feed(
    "ring",
    (
        *_optional(Kind.TEXT, "ring_id"),
        *_text("call_id", "service_code", "agent_id"),
        *_optional(Kind.TEXT, "source"),
        *_needed(Kind.INSTANT, "rang_at"),
        *_optional(Kind.INSTANT, "stopped_at"),
        *_optional(Kind.BOOLEAN, "was_answered"),
        *_optional(Kind.INSTANT, "updated_at"),
    ),
    Role.RECORD,
    # A call may ring at several desks, and at one of them again.
    key=("call_id",),
    service_column="service_code",
)

CONVERSATION = Feed(
    "conversation",
    (
        *_text("conversation_id", "service_code", "channel"),
        *_needed(Kind.INSTANT, "received_at"),
        *_optional(Kind.INSTANT, "assigned_at", "first_response_at", "closed_at"),
        *_optional(Kind.TEXT, "agent_id"),
        *_optional(Kind.INSTANT, "updated_at"),
    ),
    Role.RECORD,
    key=("conversation_id",),
    service_column="service_code",
)

CANONICAL = (
    *(SERVICE, TEAM, AGENT, AGENT_ALIAS, QUEUE, SHIFT, AUX_CODE, KPI_TARGET, STAFFING_REQUIREMENT),
    *(
        HOLIDAY,
        EXCEPTION,
        ROTG_RULE,
        ROTG_CHECKLIST,
        BREACH_RULE,
        EXPECTED_PEAK,
        PLAN_RULE,
        COACHING_LADDER,
        COACHING_RULE,
        ROSTER,
        AGENT_EVENT,
        CALL,
        RING,
        CONVERSATION,
    ),
)
