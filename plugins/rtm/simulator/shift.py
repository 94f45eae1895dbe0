"""How one person lives the planned shifts: comes, takes breaks, leaves, and what goes wrong in it.

An ordinary person never crosses a tolerance or an allowance here, so that whoever does was made to
by a fault, and the truth is complete. Contacts are the matter of `floor`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
import simpy

from rtm.simulator.contacts import Ring
from rtm.simulator.floor import Desk, Floor, Steps
from rtm.simulator.plan import Assignment, Plan
from rtm.simulator.scenario import Fault, FaultKind, Scenario
from rtm.simulator.times import HOUR_MS, MINUTE_MS, MS, to_ms
from rtm.simulator.truth import TruthLog

BREAK, PRAYER, TOILET, COACHING, MONITORING = "ISTIRAHAT", "SHOLAT", "TOILET", "COACHING", "MONITOR"

OWNED_BEFORE = timedelta(hours=2)
"""A fault belongs to the shift that it falls in, counted from this long before its start."""


@dataclass(frozen=True)
class Absence:
    """Away from the desk in the middle of things, logged out."""

    start_ms: int
    end_ms: int
    is_excused: bool = False


@dataclass(frozen=True)
class Pause:
    """A planned stay in an AUX code."""

    start_ms: int
    aux_code: str
    duration_ms: int
    excess_ms: int = 0


@dataclass(frozen=True)
class Shift:
    """One planned shift with what will happen in it."""

    assignment: Assignment
    start_ms: int
    end_ms: int
    pauses: tuple[Pause, ...]
    absences: tuple[Absence, ...]
    faults: dict[FaultKind, Fault]
    login_ms: int
    """When the person means to log in."""
    leave_ms: int
    """When the person stops taking contacts."""
    return_delay_ms: int


class Worker:
    """One person, shift after shift."""

    def __init__(
        self,
        scenario: Scenario,
        plan: Plan,
        floor: Floor,
        truth: TruthLog,
        desk: Desk,
        faults: tuple[Fault, ...],
        shortfalls: tuple[Absence, ...],
    ) -> None:
        self._scenario = scenario
        self._plan = plan
        self._floor = floor
        self._truth = truth
        self._desk = desk
        self._faults = faults
        self._shortfalls = shortfalls

    def career(self) -> Steps:
        roster_date = self._plan.first_date
        while True:
            assignment = self._plan.of_agent(self._desk.agent, roster_date)
            if assignment.start is not None:
                shift = self._prepare(assignment)
                yield from self._wait_until(shift.start_ms - HOUR_MS)
                yield from self._work(shift)
            else:
                # Not planned further ahead than needed: the plan of a long run is made as it goes.
                yield from self._wait_until(self._midnight_ms(roster_date))
            roster_date += timedelta(days=1)

    def _midnight_ms(self, roster_date: date) -> int:
        return to_ms(datetime.combine(roster_date, time(), self._floor.service.zone))

    def _wait_until(self, moment_ms: int) -> Steps:
        if moment_ms > self._floor.now:
            yield self._floor.env.timeout(moment_ms - self._floor.now)

    # A shift before it begins

    def _prepare(self, assignment: Assignment) -> Shift:
        assert assignment.start is not None and assignment.end is not None
        agent_key = crc32(assignment.agent.agent_id.encode())
        random = np.random.default_rng(
            [self._scenario.seed, agent_key, assignment.roster_date.toordinal()]
        )
        faults = self._faults_of(assignment)
        start_ms, end_ms = to_ms(assignment.start), to_ms(assignment.end)
        login_ms = start_ms + round(random.triangular(-540, -90, 150) * MS)
        if FaultKind.LATE in faults:
            login_ms = start_ms + round(faults[FaultKind.LATE].amount * MS)
        return Shift(
            assignment=assignment,
            start_ms=start_ms,
            end_ms=end_ms,
            pauses=self._pauses(random, assignment, start_ms, end_ms, faults),
            absences=self._absences(faults),
            faults=faults,
            login_ms=login_ms,
            leave_ms=end_ms + round(random.uniform(2, 60) * MS),
            return_delay_ms=round(random.uniform(1, 60) * MS),
        )

    def _faults_of(self, assignment: Assignment) -> dict[FaultKind, Fault]:
        assert assignment.start is not None and assignment.end is not None
        opens = assignment.start - OWNED_BEFORE
        return {f.kind: f for f in self._faults if opens <= f.start < assignment.end}

    def _absences(self, faults: dict[FaultKind, Fault]) -> tuple[Absence, ...]:
        excused = faults.get(FaultKind.EXCUSED)
        if excused is None or excused.end is None:
            return self._shortfalls
        own = Absence(to_ms(excused.start), to_ms(excused.end), is_excused=True)
        return tuple(sorted((*self._shortfalls, own), key=lambda absence: absence.start_ms))

    def _pauses(
        self,
        random: np.random.Generator,
        assignment: Assignment,
        start_ms: int,
        end_ms: int,
        faults: dict[FaultKind, Fault],
    ) -> tuple[Pause, ...]:
        span_ms = end_ms - start_ms

        def at(share: float) -> int:
            return start_ms + round(share * span_ms + random.uniform(-4, 4) * MINUTE_MS)

        def lasting(least_min: float, most_min: float) -> int:
            return round(random.uniform(least_min, most_min) * MINUTE_MS)

        allowed_ms = assignment.shift.break_min * MINUTE_MS
        break_ms = round(random.uniform(0.85, 0.98) * allowed_ms)
        over_ms = 0
        if FaultKind.AUX_OVER in faults:
            over_ms = round(faults[FaultKind.AUX_OVER].amount * MS)
            break_ms = allowed_ms + over_ms
        pauses = [
            Pause(at(0.28 + 0.36 * self._place_in_crew(assignment)), BREAK, break_ms, over_ms),
            Pause(at(random.uniform(0.12, 0.25)), PRAYER, lasting(8, 13.5)),
            Pause(at(random.uniform(0.72, 0.9)), PRAYER, lasting(8, 13.5)),
            Pause(at(random.uniform(0.08, 0.5)), TOILET, lasting(2, 5.5)),
            Pause(at(random.uniform(0.5, 0.9)), TOILET, lasting(2, 5.5)),
        ]
        if random.random() < 0.12:
            pauses.append(Pause(at(random.uniform(0.65, 0.85)), COACHING, lasting(12, 20)))
        return tuple(sorted(pauses, key=lambda pause: pause.start_ms))

    def _place_in_crew(self, assignment: Assignment) -> float:
        """0 to 1: the breaks of a crew go round, or the floor would empty at once."""
        crew = [
            other.agent.agent_id
            for other in self._plan.on(assignment.roster_date)
            if other.start == assignment.start and other.agent.channels == self._channels
        ]
        position = crew.index(assignment.agent.agent_id)
        return position / max(1, len(crew) - 1)

    @property
    def _channels(self) -> tuple[str, ...]:
        return self._desk.agent.channels

    # A shift as it goes

    def _work(self, shift: Shift) -> Steps:
        if FaultKind.ABSENT in shift.faults:
            self._note(FaultKind.ABSENT, shift, shift.start_ms, shift.end_ms)
            return
        for absence in shift.absences:
            if absence.is_excused and shift.start_ms < absence.end_ms:
                self._note(FaultKind.EXCUSED, shift, absence.start_ms, absence.end_ms)
        login_ms = self._after_absences(shift, shift.login_ms)
        if login_ms is None:
            return
        yield from self._wait_until(login_ms)
        self._log_in()
        if FaultKind.LATE in shift.faults and login_ms == shift.login_ms:
            late_s = (login_ms - shift.start_ms) / MS
            self._note(FaultKind.LATE, shift, shift.start_ms, login_ms, late_s=late_s)
        if FaultKind.LEFT_RINGING in shift.faults:
            self._desk.leaves_ringing = round(shift.faults[FaultKind.LEFT_RINGING].amount)
            self._desk.note_left = partial(self._note_ring, shift)
        is_here = yield from self._through_the_day(shift)
        self._desk.leaves_ringing = 0
        if is_here:
            yield from self._wait_until(shift.leave_ms)
            yield from self._floor.withdraw(self._desk)
            self._go_home(shift)

    def _after_absences(self, shift: Shift, moment_ms: int) -> int | None:
        """The first moment at the desk from here on; None if it is not worth coming any more."""
        for absence in shift.absences:
            if absence.start_ms <= moment_ms < absence.end_ms:
                moment_ms = absence.end_ms + shift.return_delay_ms
        return moment_ms if moment_ms < shift.end_ms - 10 * MINUTE_MS else None

    def _through_the_day(self, shift: Shift) -> Generator[simpy.Event, Any, bool]:
        """Pauses and absences in order; tells whether the person is at the desk at its end."""
        agenda: list[Pause | Absence] = [*shift.pauses, *shift.absences]
        for item in sorted(agenda, key=lambda item: item.start_ms):
            if isinstance(item, Pause):
                yield from self._pause(shift, item)
            elif self._floor.now < item.end_ms and item.start_ms < shift.end_ms:
                returns = yield from self._be_away(shift, item)
                if not returns:
                    return False
        return True

    def _pause(self, shift: Shift, pause: Pause) -> Steps:
        earliest_ms = max(self._floor.now, pause.start_ms)
        if earliest_ms > pause.start_ms + HOUR_MS:
            return  # The person was away when it would have been.
        if earliest_ms + pause.duration_ms > shift.end_ms - 10 * MINUTE_MS:
            return  # Too late to be worth it: the shift is nearly over.
        yield from self._wait_until(pause.start_ms)
        yield from self._floor.withdraw(self._desk)
        start_ms = self._floor.now
        self._floor.enter_aux(self._desk, pause.aux_code)
        yield from self._wait_until(start_ms + pause.duration_ms)
        self._return_to_work()
        if pause.excess_ms:
            self._note(
                FaultKind.AUX_OVER,
                shift,
                start_ms,
                self._floor.now,
                aux_code=pause.aux_code,
                aux_s=pause.duration_ms / MS,
                excess_s=pause.excess_ms / MS,
            )

    def _be_away(self, shift: Shift, absence: Absence) -> Generator[simpy.Event, Any, bool]:
        yield from self._wait_until(absence.start_ms)
        yield from self._floor.withdraw(self._desk)
        self._floor.log_out(self._desk)
        back_ms = self._after_absences(shift, max(self._floor.now, absence.start_ms))
        if back_ms is None:
            return False
        yield from self._wait_until(back_ms)
        self._log_in()
        return True

    def _log_in(self) -> None:
        self._floor.log_in(self._desk)
        if not self._channels:
            self._floor.enter_aux(self._desk, MONITORING)

    def _return_to_work(self) -> None:
        """A leader goes back to monitoring, an agent to the queue."""
        if self._channels:
            self._floor.leave_aux(self._desk)
        else:
            self._floor.enter_aux(self._desk, MONITORING)

    def _go_home(self, shift: Shift) -> None:
        if FaultKind.FORGOT_LOGOUT in shift.faults:
            self._note(FaultKind.FORGOT_LOGOUT, shift, shift.end_ms, None)
        else:
            self._floor.log_out(self._desk)

    def _note_ring(self, shift: Shift, ring: Ring) -> None:
        stopped_ms = ring.stopped_ms
        self._note(FaultKind.LEFT_RINGING, shift, ring.rang_ms, stopped_ms, call_id=ring.call_id)

    def _note(
        self,
        kind: FaultKind,
        shift: Shift,
        start_ms: int,
        end_ms: int | None,
        **amounts: object,
    ) -> None:
        assignment = shift.assignment
        self._truth.note(
            kind.value,
            assignment.agent.agent_id,
            start_ms,
            end_ms,
            self._floor.service.zone,
            service_code=self._floor.service.service_code,
            roster_date=assignment.roster_date.isoformat(),
            shift_code=assignment.shift.shift_code,
            **amounts,
        )
