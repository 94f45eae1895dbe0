"""Login compliance: one row per agent and rostered working shift."""

from __future__ import annotations

from typing import Any

from .attendance import login_late_s, status
from .duty import Duty, WorkedShift
from .spans import common, length_s, merged, without
from .voice import percent


def compliance_row(worked: WorkedShift) -> dict[str, Any]:
    shift, service = worked.shift, worked.shift.service
    row: dict[str, Any] = {
        "agent_id": shift.agent_id,
        "service_code": service.service_code,
        "roster_date": shift.roster_date,
        "shift_code": shift.shift_code,
        "login_late_s": None,
        "logout_early_s": None,
        "gap_s": None,
        "overtime_s": None,
        "auto_closed": None,
        "is_compliant": None,
        "conformance_numerator": None,
        "conformance_denominator": None,
        "conformance_pct": None,
        "is_provisional": worked.is_provisional,
    }
    if worked.is_excused:
        return row

    presence, planned_end = merged(worked.presence), shift.planned[1]
    late_s = login_late_s(worked)
    early_s = gap_s = None
    if presence:
        first, last = presence[0][0], presence[-1][1]
        gap_s = length_s(without(without([(first, last)], presence), worked.approved))
        if worked.is_over:
            early_s = length_s(without([(last, planned_end)], worked.approved))

    own_time = [piece.span for piece in worked.pieces if not piece.session.is_auto_closed]
    after_end = [(max(start, planned_end), end) for start, end in own_time]
    overtime_s = length_s(without(after_end, worked.approved))

    logged_in_s = length_s(without(merged(worked.logged_in), worked.approved))
    so_far = common([shift.planned], [(shift.planned[0], worked.as_of)])
    expected_s = length_s(without(so_far, worked.approved))

    standing = status(worked)
    is_compliant: bool | None = None
    if standing in ("late", "no_show", "absent"):
        is_compliant = False
    elif worked.is_over:
        assert late_s is not None and early_s is not None and gap_s is not None
        is_compliant = (
            late_s <= service.login_tolerance_s
            and early_s <= service.logout_tolerance_s
            and gap_s <= service.logout_tolerance_s
        )
    row |= {
        "login_late_s": None if late_s is None else float(late_s),
        "logout_early_s": None if early_s is None else float(early_s),
        "gap_s": None if gap_s is None else float(gap_s),
        "overtime_s": float(overtime_s),
        "auto_closed": any(piece.session.is_auto_closed for piece in worked.pieces),
        "is_compliant": is_compliant,
        "conformance_numerator": float(logged_in_s),
        "conformance_denominator": float(expected_s),
        "conformance_pct": percent(logged_in_s, expected_s),
    }
    return row


def login_compliance(known: Duty) -> list[dict[str, Any]]:
    return [compliance_row(worked) for worked in known.worked]
