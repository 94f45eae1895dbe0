"""Rostered shifts as the latest rosters leave them, and the window each working shift owns.

Takes every delivered roster for a valid one: the gate is not repeated here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from . import cells
from .cells import local_moment
from .deliveries import known_deliveries
from .reference_data import ReferenceData, Service
from .spans import Span
from .world import Cells, World

OWNED_BEFORE = timedelta(minutes=120)
OWNED_AFTER = timedelta(minutes=240)


@dataclass(frozen=True)
class Shift:
    service: Service
    agent_id: str
    roster_date: date
    shift_code: str
    kind: str
    function: str
    planned_start: datetime | None
    planned_end: datetime | None
    window: Span | None = None

    @property
    def planned(self) -> Span:
        assert self.planned_start is not None and self.planned_end is not None
        return self.planned_start, self.planned_end

    @property
    def is_work(self) -> bool:
        return self.kind == "work"


def planned_times(
    row: Cells, service: Service, roster_date: date, data: ReferenceData
) -> tuple[datetime | None, datetime | None]:
    """Times given in the roster, else those of the code; a shift may end on the next day."""
    code = data.shift_codes[row["shift_code"]]
    zone = service.zone
    start = cells.moment(row, "start_at", zone)
    end = cells.moment(row, "end_at", zone)
    if start is None and code.start_time is not None:
        start = local_moment(roster_date, code.start_time, zone)
    if end is None and code.end_time is not None:
        end = local_moment(roster_date, code.end_time, zone)
        if start is not None and end <= start:
            end = local_moment(roster_date + timedelta(days=1), code.end_time, zone)
    return start, end


def read_shift(row: Cells, data: ReferenceData) -> Shift:
    service = data.services[cells.required_text(row, "service_code")]
    roster_date = cells.required_day(row, "roster_date")
    start, end = planned_times(row, service, roster_date, data)
    return Shift(
        service=service,
        agent_id=cells.required_text(row, "agent_id"),
        roster_date=roster_date,
        shift_code=cells.required_text(row, "shift_code"),
        kind=data.shift_codes[row["shift_code"]].kind,
        function=cells.text(row, "function") or "agent",
        planned_start=start,
        planned_end=end,
    )


def published(world: World, data: ReferenceData) -> list[Shift]:
    """A roster replaces the earlier rows of its service from its first to its last date."""
    holding: list[Shift] = []
    for delivery in known_deliveries(world, "roster"):
        if any(row["service_code"] not in data.services for row in delivery.rows):
            continue
        version = [read_shift(row, data) for row in delivery.rows]
        if not version:
            continue
        service_code = version[0].service.service_code
        first = min(shift.roster_date for shift in version)
        last = max(shift.roster_date for shift in version)
        holding = [
            shift
            for shift in holding
            if shift.service.service_code != service_code or not first <= shift.roster_date <= last
        ] + version
    return holding


def cut_windows(planned: list[Span]) -> list[Span]:
    """The windows of one agent's shifts, given in order of start."""
    windows = [(start - OWNED_BEFORE, end + OWNED_AFTER) for start, end in planned]
    for place in range(len(planned) - 1):
        (opens, closes), (next_opens, next_closes) = windows[place], windows[place + 1]
        if closes > next_opens:
            end, next_start = planned[place][1], planned[place + 1][0]
            middle = end + (next_start - end) / 2
            windows[place] = (opens, min(closes, middle))
            windows[place + 1] = (max(next_opens, middle), next_closes)
    return windows


def rostered_shifts(world: World, data: ReferenceData) -> list[Shift]:
    """Every known shift; those of kind `work` with the window that they own."""
    shifts = published(world, data)
    rest = [shift for shift in shifts if not shift.is_work]
    working: dict[str, list[Shift]] = defaultdict(list)
    for shift in shifts:
        if shift.is_work:
            working[shift.agent_id].append(shift)
    result = list(rest)
    for of_agent in working.values():
        ordered = sorted(of_agent, key=lambda shift: shift.planned)
        windows = cut_windows([shift.planned for shift in ordered])
        result += [
            replace(shift, window=window) for shift, window in zip(ordered, windows, strict=True)
        ]
    return sorted(
        result,
        key=lambda shift: (
            shift.agent_id,
            shift.service.service_code,
            shift.roster_date,
            shift.shift_code,
        ),
    )
