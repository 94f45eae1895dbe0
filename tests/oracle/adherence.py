"""Adherence: one row per agent, service and interval."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from .aux_usage import counted_stretches
from .cells import seconds
from .duty import Duty, WorkedShift
from .reference_data import ReferenceData
from .spans import Span, common, interval_of, length_s, merged, without
from .voice import percent
from .world import World


@dataclass
class Sums:
    scheduled_s: Fraction = Fraction(0)
    out_s: Fraction = Fraction(0)
    logged_in_s: Fraction = Fraction(0)
    is_provisional: bool = False


def beyond_allowance(worked: WorkedShift, data: ReferenceData) -> list[Span]:
    """AUX time after the stretches before it have used the allowance of the code up."""
    excess: list[Span] = []
    for code, spans in counted_stretches(worked, data).values():
        left_s = code.allowance_s
        for start, end in spans:
            length = seconds(end - start)
            used_s = min(left_s, length)
            left_s -= used_s
            excess.append((start + timedelta(microseconds=int(used_s * 1_000_000)), end))
    return merged(excess)


def adherence_intervals(world: World, data: ReferenceData, known: Duty) -> list[dict[str, Any]]:
    length = timedelta(minutes=world.interval_minutes)
    table: dict[tuple[str, str, datetime], Sums] = defaultdict(Sums)
    for worked in known.worked:
        shift = worked.shift
        assert shift.window is not None
        logged_in = without(merged(worked.logged_in), worked.approved)
        so_far = common([shift.planned], [(shift.planned[0], world.as_of)])
        scheduled = without(so_far, worked.approved)
        in_adherence = without(logged_in, beyond_allowance(worked, data))
        out = without(scheduled, in_adherence)

        start = interval_of(shift.window[0], shift.service.zone, world.interval_minutes)
        while start < shift.window[1]:
            interval = [(start, start + length)]
            scheduled_s = length_s(common(scheduled, interval))
            logged_in_s = length_s(common(logged_in, interval))
            if scheduled_s > 0 or logged_in_s > 0:
                sums = table[shift.agent_id, shift.service.service_code, start]
                sums.scheduled_s += scheduled_s
                sums.out_s += length_s(common(out, interval))
                sums.logged_in_s += logged_in_s
                sums.is_provisional |= worked.is_provisional or world.as_of < start + length
            start += length
    return [
        {
            "agent_id": agent_id,
            "service_code": service_code,
            "interval_start": start,
            "scheduled_s": float(sums.scheduled_s),
            "out_s": float(sums.out_s),
            "logged_in_s": float(sums.logged_in_s),
            "adherence_pct": percent(sums.scheduled_s - sums.out_s, sums.scheduled_s),
            "is_provisional": sums.is_provisional,
        }
        for (agent_id, service_code, start), sums in sorted(table.items())
    ]
