"""The whole contact centre in motion, and the export of what happens in it, slice by slice.

Runs on simulated time alone: the same scenario gives the same files however it is cut into runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zlib import crc32

import numpy as np
import simpy

from rtm.simulator.arrivals import Demand, Window
from rtm.simulator.contacts import Call, Conversation, Draws, Export
from rtm.simulator.delivery import Courier, Progress
from rtm.simulator.floor import ChannelFaults, Desk, Floor, Steps
from rtm.simulator.plan import Plan
from rtm.simulator.reference import EXCEPTION_LEAD, exceptions, reference_tables
from rtm.simulator.rosters import requirement_text, roster_name, roster_text
from rtm.simulator.scenario import (
    AGENT_FAULTS,
    ChannelModel,
    Fault,
    FaultKind,
    RosterDefect,
    Scenario,
    ServiceModel,
)
from rtm.simulator.shift import Absence, Worker
from rtm.simulator.times import HOUR_MS, MS, to_datetime, to_ms
from rtm.simulator.truth import TruthLog

_WARM_UP = timedelta(hours=4)
"""Before the first contact, for the overnight crews of the evening before."""

_EXPORT_DELAY_MS = {"agent_event": 2 * MS, "call": 3 * MS, "ring": 3 * MS, "conversation": 4 * MS}
_SENT_WHEN_FILLED = ("ring",)
"""Rare, so that a file without a row would be no sign of life."""
_BEFORE_ANYTHING = timedelta(days=30)

Watcher = Callable[[datetime], None]


@dataclass(frozen=True)
class SimulationSummary:
    """What the simulated centre did up to `until`, and how many files this run wrote."""

    until: datetime
    calls: int
    conversations: int
    agent_events: int
    facts: int
    files_written: int


class Centre:
    """One scenario on its way."""

    def __init__(self, scenario: Scenario, landing: Path, truth: Path, *, resume: bool) -> None:
        self._scenario = scenario
        self._progress = Progress(landing, truth)
        delivered_ms = self._progress.delivered_ms(scenario) if resume else None
        if delivered_ms is None:
            # From the first file on, whoever finds the folder can tell whose it is.
            self._progress.note(scenario, to_ms(scenario.start - _BEFORE_ANYTHING))
        self._courier = Courier(landing, compress=scenario.compress, delivered_ms=delivered_ms)
        self._truth = TruthLog(truth)
        self._export = Export()
        self._env = simpy.Environment(initial_time=to_ms(scenario.start - _WARM_UP))
        self._calls = self._conversations = self._events = 0
        self._send_reference()
        for service in scenario.services:
            self._open(service)
        for fault in scenario.faults:
            if fault.kind is FaultKind.FEED_DELAY:
                self._env.process(self._note_delay(fault))

    @property
    def now(self) -> int:
        return int(self._env.now)

    def run_until(self, until: datetime, progress: Watcher | None = None) -> SimulationSummary:
        """Every file that arrives up to and including `until` is in the landing folder after it."""
        until_ms = to_ms(until)
        hour = self.now // HOUR_MS
        while (end_ms := self._slice_end()) + min(_EXPORT_DELAY_MS.values()) <= until_ms:
            self._env.run(until=end_ms)
            self._send_slice(end_ms)
            self._courier.deliver_until(end_ms)
            if progress and end_ms // HOUR_MS > hour:
                hour = end_ms // HOUR_MS
                progress(to_datetime(end_ms, self._scenario.start.tzinfo))
        self._courier.deliver_until(until_ms)
        self._truth.write()
        self._progress.note(self._scenario, until_ms)
        return SimulationSummary(
            until=until,
            calls=self._calls,
            conversations=self._conversations,
            agent_events=self._events,
            facts=self._truth.facts,
            files_written=self._courier.files_written,
        )

    # Slices

    def _slice_end(self) -> int:
        """The next multiple of the slice's length on the clock."""
        history_until = self._scenario.history_until
        is_history = history_until is not None and self.now < to_ms(history_until)
        length_ms = MS * (self._scenario.history_slice_s if is_history else self._scenario.slice_s)
        return (self.now // length_ms + 1) * length_ms

    def _send_slice(self, end_ms: int) -> None:
        name = f"{to_datetime(end_ms, UTC):%Y%m%dT%H%M%SZ}"
        for feed, rows in self._export.take().items():
            self._events += len(rows) - 1 if feed == "agent_event" else 0
            is_sent_empty = self._scenario.writes_empty_slices and feed not in _SENT_WHEN_FILLED
            if len(rows) == 1 and not is_sent_empty:
                continue
            arrives_ms = self._delayed(feed, end_ms, end_ms + _EXPORT_DELAY_MS[feed])
            text = "\n".join(rows) + "\n"
            self._courier.accept(feed, f"{feed}_{name}.csv", text, arrives_ms)

    def _delayed(self, feed: str, end_ms: int, arrives_ms: int) -> int:
        for fault in self._scenario.faults:
            if fault.kind is FaultKind.FEED_DELAY and fault.subject == feed:
                window = _window(fault)
                if window.start_ms <= end_ms < window.end_ms:
                    arrives_ms = max(arrives_ms, window.end_ms)
        return arrives_ms

    # What is delivered besides

    def _send_reference(self) -> None:
        arrives_ms = to_ms(self._scenario.start - timedelta(days=4))
        for number, (feed, text) in enumerate(reference_tables(self._scenario)):
            self._courier.accept(feed, f"{feed}.csv", text, arrives_ms + number * MS)

    def _send_exceptions(self, service: ServiceModel) -> None:
        for fault, name, text in exceptions(self._scenario, service):
            self._courier.accept("exception", name, text, to_ms(fault.start - EXCEPTION_LEAD))

    def _send_rosters(self, service: ServiceModel, plan: Plan) -> Steps:
        number = 0
        while True:
            # An hour ahead of its arrival: a run that ends just then must already hold it.
            ready_ms = to_ms(plan.delivered_at(number)) - HOUR_MS
            if ready_ms > self.now:
                yield self._env.timeout(ready_ms - self.now)
            self._send_roster(service, plan, number)
            number += 1

    def _send_roster(self, service: ServiceModel, plan: Plan, number: int) -> None:
        period, arrives_ms = plan.period(number), to_ms(plan.delivered_at(number))
        requirement = f"requirement_{service.service_code}_{period.first}.csv"
        # An overnight crew comes a day before the first contacts, which ask for nobody yet.
        dates = [day for day in period.dates if day >= plan.first_traffic_date]
        self._courier.accept(
            "staffing_requirement", requirement, requirement_text(service, dates), arrives_ms - MS
        )
        broken = self._broken_roster(service, period.first, period.last)
        versions = [(arrives_ms, RosterDefect(broken.detail) if broken else None)]
        if broken:
            self._note_service_fault(service, broken, detail=broken.detail)
            if broken.end:
                versions.append((to_ms(broken.end), None))
        for version, (at_ms, defect) in enumerate(versions, start=1):
            text = roster_text(service, plan.of_period(period), defect)
            self._courier.accept("roster", roster_name(service, period, version), text, at_ms)

    def _broken_roster(self, service: ServiceModel, first: date, last: date) -> Fault | None:
        for fault in self._service_faults(service, FaultKind.BROKEN_ROSTER):
            if first <= fault.start.astimezone(service.zone).date() <= last:
                return fault
        return None

    # Services

    def _open(self, service: ServiceModel) -> None:
        plan = Plan(self._scenario, service)
        self._send_exceptions(service)
        self._env.process(self._send_rosters(service, plan))
        faults = {m.channel: self._channel_faults(service, m) for m in service.channels}
        floor = Floor(self._env, service, self._export, faults)
        self._staff(service, plan, floor)
        for model in service.channels:
            self._env.process(self._let_in(floor, model, plan.first_traffic_date))

    def _service_faults(self, service: ServiceModel, kind: FaultKind) -> Iterator[Fault]:
        for fault in self._scenario.faults:
            if fault.kind is kind and fault.subject.split("/")[0] == service.service_code:
                yield fault

    def _channel_faults(self, service: ServiceModel, model: ChannelModel) -> ChannelFaults:
        return ChannelFaults(
            outages=self._windows(service, model, FaultKind.OUTAGE),
            slowness=self._windows(service, model, FaultKind.SLOW_HANDLING),
            misrouting=self._windows(service, model, FaultKind.MISROUTING),
        )

    def _windows(
        self, service: ServiceModel, model: ChannelModel, kind: FaultKind
    ) -> tuple[Window, ...]:
        subject = f"{service.service_code}/{model.channel}"
        faults = [f for f in self._service_faults(service, kind) if f.subject == subject]
        for fault in faults:
            self._env.process(self._note_later(service, fault))
        return tuple(_window(fault) for fault in faults)

    def _staff(self, service: ServiceModel, plan: Plan, floor: Floor) -> None:
        shortfalls = self._shortfalls(service, plan)
        for agent in service.rostered:
            own = tuple(
                fault
                for fault in self._scenario.faults
                if fault.kind in AGENT_FAULTS and fault.subject == agent.agent_id
            )
            absences = tuple(a for a, missing in shortfalls if agent.agent_id in missing)
            desk = Desk(agent)
            worker = Worker(self._scenario, plan, floor, self._truth, desk, own, absences)
            self._env.process(worker.career())

    def _shortfalls(
        self, service: ServiceModel, plan: Plan
    ) -> list[tuple[Absence, frozenset[str]]]:
        """Each shortage of staff in order of time, with those who leave."""
        found = []
        faults = self._service_faults(service, FaultKind.SHORTFALL)
        for number, fault in enumerate(sorted(faults, key=lambda fault: fault.start)):
            missing = self._missing(service, plan, fault, number)
            window = _window(fault)
            found.append((Absence(window.start_ms, window.end_ms), frozenset(missing)))
            self._env.process(self._note_later(service, fault, agents=missing))
        return found

    def _missing(self, service: ServiceModel, plan: Plan, fault: Fault, number: int) -> list[str]:
        """The same share of every crew in the window; of one channel if the subject names it."""
        assert fault.end is not None
        channel = fault.subject.partition("/")[2]
        first = fault.start.astimezone(service.zone).date() - timedelta(days=1)
        crews: dict[datetime, list[str]] = defaultdict(list)
        for n in range((fault.end - fault.start).days + 3):
            for a in plan.on(first + timedelta(days=n)):
                is_meant = channel in a.agent.channels if channel else bool(a.agent.channels)
                if is_meant and a.start and a.end and a.start < fault.end and fault.start < a.end:
                    crews[a.start].append(a.agent.agent_id)
        key = crc32(service.service_code.encode())
        random = np.random.default_rng([self._scenario.seed, key, number, 7])
        missing: set[str] = set()
        for _, crew in sorted(crews.items()):
            count = round(len(crew) * fault.amount)
            missing.update(random.permutation(crew).tolist()[:count])
        return sorted(missing)

    # Contacts

    def _let_in(self, floor: Floor, model: ChannelModel, first: date) -> Steps:
        service = floor.service
        surges = self._windows(service, model, FaultKind.SURGE)
        demand = Demand(self._scenario.seed, service, model, surges)
        opening_ms = to_ms(self._scenario.start)
        day = first
        while True:
            for number, (moment_ms, draws) in enumerate(demand.on(day), start=1):
                if moment_ms < opening_ms:
                    continue
                if moment_ms > self.now:
                    yield self._env.timeout(moment_ms - self.now)
                contact_id = f"{service.service_code}-{day:%Y%m%d}-{number:06d}"
                self._start(floor, model, contact_id, draws)
            day += timedelta(days=1)
            yield from self._wait_until(day, service)

    def _wait_until(self, day: date, service: ServiceModel) -> Steps:
        midnight_ms = to_ms(datetime.combine(day, time(), service.zone))
        if midnight_ms > self.now:
            yield self._env.timeout(midnight_ms - self.now)

    def _start(self, floor: Floor, model: ChannelModel, contact_id: str, draws: Draws) -> None:
        code = floor.service.service_code
        if model.is_voice:
            self._calls += 1
            call = Call(f"C-{contact_id}", code, f"{code}-INBOUND", floor.stamp, self.now, draws)
            self._env.process(floor.call(call))
            return
        self._conversations += 1
        prefix = model.channel[:2].upper()
        conversation = Conversation(
            f"{prefix}-{contact_id}", code, model.channel, floor.stamp, self.now, draws
        )
        self._env.process(floor.conversation(conversation))

    # Truth

    def _note_later(self, service: ServiceModel, fault: Fault, **amounts: object) -> Steps:
        """Service-wide faults become facts at the moment they begin."""
        yield self._env.timeout(max(0, to_ms(fault.start) - self.now))
        self._note_service_fault(service, fault, **amounts)

    def _note_service_fault(self, service: ServiceModel, fault: Fault, **amounts: object) -> None:
        if fault.amount:
            amounts = {"amount": fault.amount, **amounts}
        end_ms = to_ms(fault.end) if fault.end else None
        self._truth.note(
            fault.kind.value, fault.subject, to_ms(fault.start), end_ms, service.zone, **amounts
        )

    def _note_delay(self, fault: Fault) -> Steps:
        yield from self._note_later(self._scenario.services[0], fault)


def _window(fault: Fault) -> Window:
    if fault.end is None:
        raise ValueError(f"{fault.kind} of {fault.subject} needs an end")
    return Window(to_ms(fault.start), to_ms(fault.end), fault.amount)
