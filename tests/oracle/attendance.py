"""Attendance: one row per agent and rostered shift, and per date of time that no shift owns."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from .cells import seconds
from .duty import Duty, OwnedPiece, WorkedShift
from .reference_data import ReferenceData, Service
from .shifts import Shift
from .spans import common, date_span, length_s, local_dates, without
from .world import World


def first_login_at(pieces: list[OwnedPiece]) -> datetime | None:
    return min((piece.span[0] for piece in pieces), default=None)


def last_logout_at(pieces: list[OwnedPiece]) -> datetime | None:
    if not pieces:
        return None
    last = max(pieces, key=lambda piece: piece.span[1])
    return None if last.is_open else last.span[1]


def login_late_s(worked: WorkedShift) -> Fraction | None:
    """Time from the planned start to the first presence, without excepted time."""
    if not worked.presence:
        return None
    late = [(worked.shift.planned[0], worked.presence[0][0])]
    return length_s(without(late, worked.approved))


def status(worked: WorkedShift) -> str:
    service, as_of = worked.shift.service, worked.as_of
    start, _ = worked.shift.planned
    if worked.is_excused:
        return "excused"
    late_s = login_late_s(worked)
    if late_s is not None:
        return "late" if late_s > service.login_tolerance_s else "present"
    if as_of < start:
        return "not_due"
    if worked.is_over:
        return "absent"
    first_due = without([worked.shift.planned], worked.approved)[0][0]
    if seconds(as_of - first_due) < service.no_show_after_s:
        return "pending"
    return "no_show"


def worked_row(worked: WorkedShift) -> dict[str, Any]:
    shift, is_excused = worked.shift, worked.is_excused
    start, end = shift.planned
    shown = [] if is_excused else worked.pieces
    return {
        "agent_id": shift.agent_id,
        "service_code": shift.service.service_code,
        "roster_date": shift.roster_date,
        "shift_code": shift.shift_code,
        "function": shift.function,
        "planned_start_at": start,
        "planned_end_at": end,
        "first_login_at": first_login_at(shown),
        "last_logout_at": last_logout_at(shown),
        "scheduled_s": float(seconds(end - start)),
        "present_s": 0.0 if is_excused else float(length_s(worked.presence)),
        "status": status(worked),
        "is_provisional": worked.is_provisional,
    }


def unworked_row(shift: Shift, as_of: datetime) -> dict[str, Any]:
    start, end = shift.planned_start, shift.planned_end
    has_times = start is not None and end is not None
    scheduled_s = seconds(end - start) if start is not None and end is not None else 0
    over_at = end if has_times else date_span(shift.roster_date, shift.service.zone)[1]
    return {
        "agent_id": shift.agent_id,
        "service_code": shift.service.service_code,
        "roster_date": shift.roster_date,
        "shift_code": shift.shift_code,
        "function": shift.function,
        "planned_start_at": start,
        "planned_end_at": end,
        "first_login_at": None,
        "last_logout_at": None,
        "scheduled_s": float(scheduled_s),
        "present_s": 0.0,
        "status": "excused",
        "is_provisional": over_at is not None and as_of < over_at,
    }


def unscheduled_rows(
    agent_id: str, service: Service, pieces: list[OwnedPiece], as_of: datetime
) -> list[dict[str, Any]]:
    """One row per local date; a piece that passes midnight is cut there."""
    rows: list[dict[str, Any]] = []
    if not pieces:
        return rows
    first = min(piece.span[0] for piece in pieces)
    last = max(piece.span[1] for piece in pieces)
    for day in local_dates(first, last, service.zone):
        whole_day = date_span(day, service.zone)
        of_day = [
            OwnedPiece(piece.session, part, piece.is_open and part[1] == as_of < whole_day[1])
            for piece in pieces
            for part in common([piece.span], [whole_day])
        ]
        if not of_day:
            continue
        rows.append(
            {
                "agent_id": agent_id,
                "service_code": service.service_code,
                "roster_date": day,
                "shift_code": None,
                "function": None,
                "planned_start_at": None,
                "planned_end_at": None,
                "first_login_at": first_login_at(of_day),
                "last_logout_at": last_logout_at(of_day),
                "scheduled_s": 0.0,
                "present_s": 0.0,
                "status": "unscheduled",
                "is_provisional": as_of < whole_day[1]
                or any(piece.session.is_open for piece in of_day),
            }
        )
    return rows


def attendance(world: World, data: ReferenceData, known: Duty) -> list[dict[str, Any]]:
    rows = [worked_row(worked) for worked in known.worked]
    rows += [unworked_row(shift, world.as_of) for shift in known.unworked if shift.kind != "off"]
    for agent_id, pieces in known.unowned.items():
        service = data.service_of_agent[agent_id]
        if service is not None:
            rows += unscheduled_rows(agent_id, service, pieces, world.as_of)
    return rows
