"""Who is planned to work when: a pure function of the scenario and a date.

Each crew keeps its shift and its rest days turn around the week, so that the rules of rest and
hours hold across any border between periods. Writing roster files is in `rosters`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zlib import crc32

import numpy as np

from rtm.simulator.scenario import AgentModel, Scenario, ServiceModel, ShiftModel

OFF = "OFF"
LEAVE = "CUTI"

AGENT, PIC, RTFM = "agent", "pic", "rtfm"


@dataclass(frozen=True)
class Assignment:
    """One cell of a roster."""

    agent: AgentModel
    roster_date: date
    shift: ShiftModel
    function: str
    start: datetime | None
    """Planned times, with the zone of the service; None without working hours."""
    end: datetime | None


@dataclass(frozen=True)
class Period:
    first: date
    last: date

    @property
    def dates(self) -> tuple[date, ...]:
        days = (self.last - self.first).days + 1
        return tuple(self.first + timedelta(days=n) for n in range(days))


class Plan:
    """The planned work of one service."""

    def __init__(self, scenario: Scenario, service: ServiceModel) -> None:
        self._scenario = scenario
        self._service = service
        self._by_date: dict[date, tuple[Assignment, ...]] = {}

    @cached_property
    def first_traffic_date(self) -> date:
        return self._scenario.start.astimezone(self._service.zone).date()

    @cached_property
    def first_date(self) -> date:
        """A day early where an overnight crew has to be at work when the first contact comes."""
        overnight = any(self._service.shift(a.crew_shift).is_overnight for a in self._agents)
        return self.first_traffic_date - timedelta(days=1 if overnight else 0)

    @property
    def _agents(self) -> tuple[AgentModel, ...]:
        return self._service.rostered

    def period(self, number: int) -> Period:
        """Periods without a gap, from 0: the first as the scenario says, then weeks."""
        second = self.first_traffic_date + timedelta(days=self._scenario.first_period_days)
        if number == 0:
            return Period(self.first_date, second - timedelta(days=1))
        first = second + timedelta(weeks=number - 1)
        return Period(first, first + timedelta(days=6))

    def delivered_at(self, number: int) -> datetime:
        midnight = datetime.combine(self.period(number).first, time(), self._service.zone)
        return midnight - self._scenario.roster_lead

    def of_period(self, period: Period) -> Iterator[Assignment]:
        for roster_date in period.dates:
            yield from self.on(roster_date)

    def of_agent(self, agent: AgentModel, roster_date: date) -> Assignment:
        position = self._agents.index(agent)
        return self.on(roster_date)[position]

    def on(self, roster_date: date) -> tuple[Assignment, ...]:
        """One assignment for every rostered person, in their order."""
        if roster_date not in self._by_date:
            self._by_date[roster_date] = tuple(self._assignments(roster_date))
        return self._by_date[roster_date]

    def _assignments(self, roster_date: date) -> Iterator[Assignment]:
        codes = {a.agent_id: self._shift_code(a, roster_date) for a in self._agents}
        codes |= dict.fromkeys(self._on_leave(roster_date, codes), LEAVE)
        pics = self._pics(roster_date, codes)
        for agent in self._agents:
            shift = self._service.shift(codes[agent.agent_id])
            function = AGENT
            if shift.is_work and agent.role == "team_leader":
                function = RTFM
            elif agent.agent_id in pics:
                function = PIC
            start, end = self._times(shift, roster_date)
            yield Assignment(agent, roster_date, shift, function, start, end)

    def _shift_code(self, agent: AgentModel, roster_date: date) -> str:
        crew_shift = self._service.shift(agent.crew_shift)
        if roster_date < self.first_traffic_date and not crew_shift.is_overnight:
            return OFF
        day = (roster_date.toordinal() + agent.rest_offset) % 7
        if agent.work_pattern == "6x7":
            return {0: OFF, 6: agent.short_shift}.get(day, agent.crew_shift)
        return OFF if day < 2 else agent.crew_shift

    def _crews(self, codes: dict[str, str]) -> dict[str, list[AgentModel]]:
        crews: dict[str, list[AgentModel]] = defaultdict(list)
        for agent in self._agents:
            if agent.role == "agent" and codes[agent.agent_id] not in (OFF, LEAVE):
                crews[codes[agent.agent_id]].append(agent)
        return crews

    def _on_leave(self, roster_date: date, codes: dict[str, str]) -> Iterator[str]:
        """At most one of a crew, and never one of the last three of a shift."""
        if not self._scenario.leave_share:
            return
        key = [self._scenario.seed, crc32(self._service.service_code.encode())]
        random = np.random.default_rng([*key, roster_date.toordinal(), 11])
        for _, crew in sorted(self._crews(codes).items()):
            if random.random() < self._scenario.leave_share and len(crew) > 3:
                yield crew[int(random.integers(len(crew)))].agent_id

    def _pics(self, roster_date: date, codes: dict[str, str]) -> set[str]:
        """The duty goes around within each crew that covers the day."""
        crews = self._crews(codes)
        return {
            crews[code][roster_date.toordinal() % len(crews[code])].agent_id
            for code in self._service.pic_shifts
            if crews[code]
        }

    def _times(
        self, shift: ShiftModel, roster_date: date
    ) -> tuple[datetime | None, datetime | None]:
        if shift.start is None or shift.end is None:
            return None, None
        last_day = roster_date + timedelta(days=1 if shift.is_overnight else 0)
        zone = self._service.zone
        return datetime.combine(roster_date, shift.start, zone), datetime.combine(
            last_day, shift.end, zone
        )
