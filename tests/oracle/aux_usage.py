"""AUX: one row per agent, shift and AUX code."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from .duty import Duty, WorkedShift
from .reference_data import AuxCode, ReferenceData
from .spans import Span, common, length_s, without


def known_or_unmapped(aux_code: str, data: ReferenceData) -> AuxCode:
    known = data.aux_codes.get(aux_code)
    return known or AuxCode(f"UNMAPPED:{aux_code}", Fraction(0), None, False)


def counted_stretches(
    worked: WorkedShift, data: ReferenceData
) -> dict[str, tuple[AuxCode, list[Span]]]:
    """Stretches in each code inside the window, in order of time, cut by exceptions."""
    assert worked.shift.window is not None
    stretches: dict[str, list[Span]] = defaultdict(list)
    for piece in worked.pieces:
        for stay in piece.session.stays:
            if stay.state == "aux":
                inside = common([(stay.start, stay.end)], [worked.shift.window])
                stretches[stay.aux_code or ""] += without(inside, worked.approved)
    return {
        code: (known_or_unmapped(code, data), sorted(spans))
        for code, spans in sorted(stretches.items())
        if spans
    }


def aux_rows(worked: WorkedShift, data: ReferenceData) -> list[dict[str, Any]]:
    rows = []
    for code, spans in counted_stretches(worked, data).values():
        aux_s = length_s(spans)
        longest_s = max(length_s([span]) for span in spans)
        limit_s = code.longest_allowed_s
        rows.append(
            {
                "agent_id": worked.shift.agent_id,
                "service_code": worked.shift.service.service_code,
                "roster_date": worked.shift.roster_date,
                "shift_code": worked.shift.shift_code,
                "aux_code": code.aux_code,
                "aux_s": float(aux_s),
                "occurrences": len(spans),
                "longest_s": float(longest_s),
                "allowance_s": float(code.allowance_s),
                "excess_s": float(max(Fraction(0), aux_s - code.allowance_s)),
                "is_over_occurrence": limit_s is not None and longest_s > limit_s,
                "is_provisional": worked.is_provisional,
            }
        )
    return rows


def aux_usage(data: ReferenceData, known: Duty) -> list[dict[str, Any]]:
    return [row for worked in known.worked for row in aux_rows(worked, data)]
