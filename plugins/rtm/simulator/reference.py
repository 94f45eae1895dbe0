"""Reference feeds: services, people, shifts, AUX codes, targets, holidays, exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from rtm.simulator.scenario import Fault, FaultKind, Scenario, ServiceModel
from rtm.simulator.shift import BREAK, COACHING, MONITORING, PRAYER, TOILET
from rtm.simulator.tables import csv_text

SOURCE = "omnichannel"

EXCEPTION_LEAD = timedelta(hours=2)

_AUX_CODES = (
    (BREAK, "Istirahat", "break", 60, 60, False),
    (PRAYER, "Sholat", "prayer", 30, 15, False),
    (TOILET, "Toilet", "personal", 15, 8, False),
    (COACHING, "Coaching dengan team leader", "coaching", 60, 30, True),
    (MONITORING, "Monitoring layanan", "supervision", 600, None, True),
)

_FIXED_HOLIDAYS = (
    (1, 1, "Tahun Baru Masehi"),
    (5, 1, "Hari Buruh Internasional"),
    (6, 1, "Hari Lahir Pancasila"),
    (8, 17, "Hari Kemerdekaan Republik Indonesia"),
    (12, 25, "Hari Raya Natal"),
)


def reference_tables(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Feed and text of each, in an order in which later ones only name what earlier ones hold."""
    yield "service", _services(scenario)
    yield "shift", _shifts(scenario)
    yield "aux_code", _aux_codes()
    yield "agent", _agents(scenario)
    yield "agent_alias", _aliases(scenario)
    yield "team", _teams(scenario)
    yield "kpi_target", _targets(scenario)
    yield "holiday", _holidays(scenario)


def active_from(scenario: Scenario) -> date:
    return scenario.start.date().replace(month=1, day=1) - timedelta(days=365)


def _services(scenario: Scenario) -> str:
    columns = (
        *("service_code", "service_name", "client_name", "timezone", "short_abandon_s"),
        *("counts_self_service", "login_tolerance_s", "logout_tolerance_s", "no_show_after_s"),
        *("opening_hours", "roster_cutoff"),
    )
    rows = [
        (
            *(s.service_code, s.service_name, s.client_name, s.timezone, s.short_abandon_s),
            *(True, 300, 300, 1800, s.opening_hours, "17:00"),
        )
        for s in scenario.services
    ]
    return csv_text(columns, rows)


def _teams(scenario: Scenario) -> str:
    columns = ("team_code", "team_name", "service_code", "team_leader_id", "coordinator_id")
    return csv_text(
        columns,
        (
            (t.team_code, t.team_name, s.service_code, t.team_leader_id, t.coordinator_id)
            for s in scenario.services
            for t in s.teams
        ),
    )


def _agents(scenario: Scenario) -> str:
    columns = (
        *("agent_id", "agent_name", "email", "role", "team_code", "work_pattern"),
        *("night_shift_allowed", "active_from", "active_to"),
    )
    since = active_from(scenario)
    return csv_text(
        columns,
        (
            (
                *(a.agent_id, a.agent_name, a.email, a.role, a.team_code, a.work_pattern),
                *(a.night_shift_allowed, since, None),
            )
            for s in scenario.services
            for a in s.agents
        ),
    )


def _aliases(scenario: Scenario) -> str:
    return csv_text(
        ("source", "external_id", "agent_id"),
        (
            (SOURCE, a.external_id, a.agent_id)
            for s in scenario.services
            for a in s.agents
            if a.external_id
        ),
    )


def _shifts(scenario: Scenario) -> str:
    shifts = {sh.shift_code: sh for s in scenario.services for sh in s.shifts}
    columns = (
        *("shift_code", "shift_name", "start_time", "end_time"),
        *("break_min", "kind", "overtime"),
    )
    return csv_text(
        columns,
        (
            (
                *(sh.shift_code, sh.shift_name),
                *(sh.start and f"{sh.start:%H:%M}", sh.end and f"{sh.end:%H:%M}"),
                *(sh.break_min, sh.kind, False),
            )
            for sh in shifts.values()
        ),
    )


def _aux_codes() -> str:
    columns = (
        *("aux_code", "aux_name", "category", "allowance_min_per_shift"),
        *("max_min_per_occurrence", "is_productive"),
    )
    return csv_text(columns, _AUX_CODES)


def _targets(scenario: Scenario) -> str:
    columns = (
        *("service_code", "channel", "kpi", "comparator", "target", "critical", "threshold_s"),
        *("window_min", "min_volume", "effective_from", "effective_to"),
    )
    since = active_from(scenario)
    return csv_text(
        columns,
        (
            (
                *(s.service_code, c.channel, t.kpi, t.comparator, t.target, t.critical),
                *(t.threshold_s, t.window_min, t.min_volume, since, None),
            )
            for s in scenario.services
            for c in s.channels
            for t in c.targets
        ),
    )


def _holidays(scenario: Scenario) -> str:
    years = (scenario.start.year, scenario.start.year + 1)
    rows = [
        (date(year, month, day), name, None)
        for year in years
        for month, day, name in _FIXED_HOLIDAYS
    ]
    return csv_text(("date", "holiday_name", "service_code"), rows)


def exceptions(scenario: Scenario, service: ServiceModel) -> Iterator[tuple[Fault, str, str]]:
    """The fault that each approved exception covers, its file name and its text."""
    columns = (
        *("exception_id", "agent_id", "start_at", "end_at"),
        *("reason", "approved_by", "updated_at"),
    )
    staff = {a.agent_id for a in service.agents}
    for fault in scenario.faults:
        if fault.kind is not FaultKind.EXCUSED or fault.subject not in staff:
            continue
        start, end = (
            moment.astimezone(service.zone).isoformat(timespec="seconds")
            for moment in (fault.start, fault.end or fault.start)
        )
        approved = (fault.start - EXCEPTION_LEAD).astimezone(service.zone)
        name = f"IZIN-{fault.subject}-{approved:%Y%m%d%H%M}"
        row = (
            *(name, fault.subject, start, end, fault.detail or "Izin"),
            *(service.teams[0].coordinator_id, approved.isoformat(timespec="seconds")),
        )
        yield fault, f"exception_{name}.csv", csv_text(columns, [row])
