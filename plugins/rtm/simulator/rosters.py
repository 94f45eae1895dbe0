"""Roster files in long form and the staffing requirement that goes with each.

Also the defects that a gate must find. Who works when is decided in `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from rtm.simulator.plan import AGENT, PIC, Assignment, Period
from rtm.simulator.scenario import RosterDefect, ServiceModel
from rtm.simulator.tables import csv_text
from rtm.simulator.workload import requirement

COLUMNS = ("service_code", "agent_id", "roster_date", "shift_code", "function")

_Row = tuple[str, str, str, str, str]


def roster_name(service: ServiceModel, period: Period, version: int) -> str:
    return f"roster_{service.service_code}_{period.first}_{period.last}_v{version}.csv"


def roster_text(
    service: ServiceModel, assignments: Iterable[Assignment], defect: RosterDefect | None = None
) -> str:
    rows = [_row(service, assignment) for assignment in assignments]
    if defect is not None:
        rows = _DEFECTS[defect](service, rows)
    return csv_text(COLUMNS, rows, service.roster_delimiter)


def _row(service: ServiceModel, assignment: Assignment) -> _Row:
    return (
        service.service_code,
        assignment.agent.agent_id,
        assignment.roster_date.isoformat(),
        assignment.shift.shift_code,
        assignment.function if assignment.shift.is_work else "",
    )


def _without_pic(service: ServiceModel, rows: list[_Row]) -> list[_Row]:
    """The last shift of the first date has nobody in charge."""
    first, shift_code = rows[0][2], service.pic_shifts[-1]
    return [(*row[:4], AGENT) if row[2:] == (first, shift_code, PIC) else row for row in rows]


def _with_unknown_agent(service: ServiceModel, rows: list[_Row]) -> list[_Row]:
    dates = sorted({row[2] for row in rows})
    stranger = f"{service.service_code[:3]}9999"
    shift_code = service.pic_shifts[0]
    return [*rows, *((service.service_code, stranger, d, shift_code, AGENT) for d in dates[:1])]


def _with_missing_entries(service: ServiceModel, rows: list[_Row]) -> list[_Row]:
    """One agent has no entry on three dates."""
    agent = next(a.agent_id for a in reversed(service.rostered) if a.role == "agent")
    missing = sorted({row[2] for row in rows})[:3]
    return [row for row in rows if not (row[1] == agent and row[2] in missing)]


_DEFECTS = {
    RosterDefect.MISSING_PIC: _without_pic,
    RosterDefect.UNKNOWN_AGENT: _with_unknown_agent,
    RosterDefect.MISSING_ENTRIES: _with_missing_entries,
}


def requirement_text(service: ServiceModel, dates: Iterable[date]) -> str:
    def rows() -> Iterable[tuple[str, str, int, float, int]]:
        for roster_date in dates:
            for start, required, offered, aht_s in requirement(service, roster_date):
                yield service.service_code, _iso(start), required, offered, aht_s

    columns = (
        *("service_code", "interval_start", "required_agents"),
        *("forecast_offered", "forecast_aht_s"),
    )
    return csv_text(columns, rows())


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
