"""The floor of one service: lines, queues, and the agents that are really ready to answer.

Contacts wait, are served or give up here; when agents come and go is decided in `shift`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from rtm.simulator.arrivals import Window
from rtm.simulator.contacts import Call, Conversation, Export, Ring
from rtm.simulator.scenario import AgentModel, ChannelModel, ServiceModel
from rtm.simulator.times import DAY_MS, HOUR_MS, MS, Stamp

Steps = Generator[simpy.Event, Any, None]
Contact = Call | Conversation

RING_MS = 20 * MS
"""After so long the telephone system gives up on a desk."""


@dataclass(eq=False)
class Desk:
    """An agent as the routing sees one."""

    agent: AgentModel
    contacts: int = 0
    is_on_call: bool = False
    is_open: bool = False
    """Takes new contacts: logged in, not in AUX, not on the way out."""
    leaves_ringing: int = 0
    """Of the next calls, how many will not be answered here."""
    note_left: Callable[[Ring], None] | None = None
    """Told of each when it has stopped ringing."""
    is_ringing: bool = False
    drained: simpy.Event | None = None
    """Set while the agent wants to leave and a contact is still going on."""

    @property
    def external_id(self) -> str:
        return self.agent.external_id or self.agent.agent_id

    @property
    def is_busy(self) -> bool:
        return self.is_on_call or self.is_ringing

    def can_take(self, model: ChannelModel) -> bool:
        if not self.is_open or model.channel not in self.agent.channels or self.is_busy:
            return False
        return self.contacts < (1 if model.is_voice else model.concurrency)


@dataclass
class ChannelFaults:
    outages: tuple[Window, ...] = ()
    slowness: tuple[Window, ...] = ()
    misrouting: tuple[Window, ...] = ()

    def is_out(self, now_ms: int) -> bool:
        return any(window.holds(now_ms) for window in self.outages)

    def passes_by(self, agent: AgentModel, now_ms: int) -> bool:
        """Whether the routing has lost sight of the agent; who it is does not change."""
        place = zlib.crc32(agent.agent_id.encode()) / 2**32
        return any(place < w.amount for w in self.misrouting if w.holds(now_ms))

    def slowed(self, duration_ms: int, now_ms: int) -> int:
        for window in self.slowness:
            if window.holds(now_ms):
                duration_ms = round(duration_ms * window.amount)
        return duration_ms


@dataclass
class Lane:
    """One channel: its queue in order of arrival and the lines in use."""

    model: ChannelModel
    faults: ChannelFaults
    waiting: dict[Contact, simpy.Event] = field(default_factory=dict)
    ringing: dict[Contact, simpy.Event] = field(default_factory=dict)
    """Calls at a desk where nobody will answer, each with the event of the customer giving up."""
    lines_in_use: int = 0


class Floor:
    def __init__(
        self,
        env: simpy.Environment,
        service: ServiceModel,
        export: Export,
        faults: dict[str, ChannelFaults],
    ) -> None:
        self.env = env
        self.service = service
        self.stamp = Stamp(service.zone)
        self.export = export
        self.lanes = {
            model.channel: Lane(model, faults.get(model.channel, ChannelFaults()))
            for model in service.channels
        }
        # Ordered by when each agent last had something to do: the first that can is longest idle.
        self._pool: dict[Desk, None] = {}
        for lane in self.lanes.values():
            for fault in (*lane.faults.outages, *lane.faults.misrouting):
                env.process(self._resume_after(fault))

    @property
    def now(self) -> int:
        return int(self.env.now)

    # Agents

    def log_in(self, desk: Desk) -> None:
        self._report(desk, "login")
        self._open(desk)

    def log_out(self, desk: Desk) -> None:
        self._report(desk, "logout")

    def enter_aux(self, desk: Desk, aux_code: str) -> None:
        self._report(desk, "state", "aux", aux_code)

    def leave_aux(self, desk: Desk) -> None:
        self._open(desk)
        if not desk.contacts:
            self._report(desk, "state", "ready")

    def withdraw(self, desk: Desk) -> Steps:
        """No new contacts; returns once the present ones are done."""
        desk.is_open = False
        self._pool.pop(desk, None)
        if desk.contacts:
            desk.drained = self.env.event()
            yield desk.drained
            desk.drained = None

    def _open(self, desk: Desk) -> None:
        desk.is_open = True
        self._pool[desk] = None
        self._serve_waiting(desk)

    def _report(self, desk: Desk, event: str, state: str = "", aux_code: str = "") -> None:
        self.export.event(self.stamp(self.now), desk.external_id, event, state, aux_code)

    # Routing

    def _route(self, contact: Contact, lane: Lane, answer: simpy.Event) -> None:
        """To the agent that is longest idle, or to the end of the queue."""
        if self._is_assigning(lane):
            for desk in self._pool:
                if self._can_serve(desk, lane):
                    self._offer(desk, contact, lane, answer)
                    return
        lane.waiting[contact] = answer

    def _can_serve(self, desk: Desk, lane: Lane) -> bool:
        return desk.can_take(lane.model) and not lane.faults.passes_by(desk.agent, self.now)

    def _is_assigning(self, lane: Lane) -> bool:
        """An outage keeps calls from coming in; conversations come in and lie there."""
        return lane.model.is_voice or not lane.faults.is_out(self.now)

    def _serve_waiting(self, desk: Desk) -> None:
        for lane in self.lanes.values():
            while lane.waiting and self._can_serve(desk, lane):
                if not self._is_assigning(lane):
                    break
                contact = next(iter(lane.waiting))
                self._offer(desk, contact, lane, lane.waiting.pop(contact))

    def _offer(self, desk: Desk, contact: Contact, lane: Lane, answer: simpy.Event) -> None:
        if desk.leaves_ringing and isinstance(contact, Call):
            desk.leaves_ringing -= 1
            desk.is_ringing = True
            lane.ringing[contact] = self.env.event()
            self.env.process(self._ring_out(desk, contact, lane, answer))
        else:
            self._assign(desk, lane.model, answer)

    def _ring_out(self, desk: Desk, call: Call, lane: Lane, answer: simpy.Event) -> Steps:
        """Until the system or the customer gives up; then the call is the first in the queue."""
        ring = Ring(
            *(call.call_id, call.service_code, desk.external_id, self.export.source),
            stamp=self.stamp,
            rang_ms=self.now,
        )
        self.export.ring_changed(ring, self.now)
        gave_up = lane.ringing[call]
        yield gave_up | self.env.timeout(RING_MS)
        ring.stopped_ms = self.now
        self.export.ring_changed(ring, self.now)
        if desk.note_left:
            desk.note_left(ring)
        desk.is_ringing = False
        if desk in self._pool:
            self._pool.pop(desk)
            self._pool[desk] = None
        if not gave_up.triggered:
            del lane.ringing[call]
            lane.waiting = {call: answer, **lane.waiting}
        for other in list(self._pool):
            self._serve_waiting(other)

    def _assign(self, desk: Desk, model: ChannelModel, answer: simpy.Event) -> None:
        if not desk.contacts:
            self._report(desk, "state", "busy")
        desk.contacts += 1
        desk.is_on_call = model.is_voice
        self._pool.pop(desk)
        self._pool[desk] = None
        answer.succeed(desk)

    def _release(self, desk: Desk) -> None:
        desk.contacts -= 1
        desk.is_on_call = False
        if not desk.is_open:
            if desk.drained and not desk.contacts:
                desk.drained.succeed()
            return
        self._pool.pop(desk)
        self._pool[desk] = None
        self._report_ready_unless_served(desk)

    def _report_ready_unless_served(self, desk: Desk) -> None:
        before = desk.contacts
        self._serve_waiting(desk)
        if not before and not desk.contacts:
            self._report(desk, "state", "ready")

    def _resume_after(self, fault: Window) -> Steps:
        yield self.env.timeout(max(0, fault.end_ms - self.now))
        for desk in list(self._pool):
            self._serve_waiting(desk)

    # Contacts

    def call(self, call: Call) -> Steps:
        """A call from the first ring to the end of the agent's work on it."""
        lane = self.lanes["voice"]
        refusal = self._refusal(lane)
        if refusal:
            self._end_call(call, refusal)
            return
        lane.lines_in_use += 1
        self.export.call_changed(call, self.now)
        yield self.env.timeout(call.draws.first_step_ms)
        if self._ends_in_menu(call, lane.model):
            lane.lines_in_use -= 1
            return
        desk = yield from self._queue_call(call, lane)
        if desk is not None:
            yield from self._talk(call, lane, desk)

    def _refusal(self, lane: Lane) -> str:
        if not self._is_open_hour():
            return "closed"
        is_full = lane.lines_in_use >= lane.model.trunks
        return "blocked" if is_full or lane.faults.is_out(self.now) else ""

    def _is_open_hour(self) -> bool:
        span = self.service.open_span()
        if span is None:
            return True
        clock = self.stamp(self.now)[11:23]
        return span[0].isoformat() <= clock < span[1].isoformat()

    def _ends_in_menu(self, call: Call, model: ChannelModel) -> bool:
        if call.draws.fate < model.self_served_share:
            self._end_call(call, "self_served")
            return True
        if call.draws.fate < model.self_served_share + model.left_in_menu_share:
            call.left_ms = self.now
            self._end_call(call, "abandoned")
            return True
        return False

    def _queue_call(self, call: Call, lane: Lane) -> Generator[simpy.Event, Any, Desk | None]:
        call.queued_ms = self.now
        answer = self.env.event()
        self._route(call, lane, answer)
        if not answer.triggered:
            self.export.call_changed(call, self.now)
            limit_ms = round(lane.model.max_wait_s * MS)
            yield answer | self.env.timeout(min(call.draws.patience_ms, limit_ms))
        if answer.triggered:
            return _served_by(answer)
        if call in lane.ringing:
            lane.ringing.pop(call).succeed()
        else:
            del lane.waiting[call]
        lane.lines_in_use -= 1
        call.left_ms = self.now
        is_timeout = self.now - call.queued_ms >= limit_ms
        self._end_call(call, "timed_out" if is_timeout else "abandoned")
        return None

    def _talk(self, call: Call, lane: Lane, desk: Desk) -> Steps:
        call.answered_ms = self.now
        call.agent_id = desk.agent.agent_id
        call.outcome = "answered"
        self.export.call_changed(call, self.now)
        talk_ms = lane.faults.slowed(call.draws.talk_ms, self.now)
        yield self.env.timeout(talk_ms + call.draws.hold_ms)
        lane.lines_in_use -= 1
        call.talk_ms, call.hold_ms = talk_ms, call.draws.hold_ms
        self._end_call(call, "answered")
        self._report(desk, "state", "acw")
        yield self.env.timeout(call.draws.acw_ms)
        call.acw_ms = call.draws.acw_ms
        self.export.call_changed(call, self.now)
        self._release(desk)

    def _end_call(self, call: Call, outcome: str) -> None:
        call.outcome = outcome
        call.ended_ms = self.now
        self.export.call_changed(call, self.now)

    def conversation(self, conversation: Conversation) -> Steps:
        """From the customer's first message until it is closed, with or without a reply."""
        lane = self.lanes[conversation.channel]
        self.export.conversation_changed(conversation, self.now)
        answer = self.env.event()
        self._route(conversation, lane, answer)
        if not answer.triggered:
            patience_ms = min(conversation.draws.patience_ms, DAY_MS)
            yield answer | self.env.timeout(patience_ms)
        if answer.triggered:
            yield from self._reply(conversation, lane, _served_by(answer))
            return
        del lane.waiting[conversation]
        conversation.closed_ms = self.now
        self.export.conversation_changed(conversation, self.now)

    def _reply(self, conversation: Conversation, lane: Lane, desk: Desk) -> Steps:
        conversation.assigned_ms = self.now
        conversation.agent_id = desk.agent.agent_id
        self.export.conversation_changed(conversation, self.now)
        yield self.env.timeout(lane.faults.slowed(conversation.draws.first_step_ms, self.now))
        conversation.first_response_ms = self.now
        self.export.conversation_changed(conversation, self.now)
        handling_ms = lane.faults.slowed(conversation.draws.talk_ms, self.now)
        yield self.env.timeout(min(handling_ms, HOUR_MS))
        conversation.closed_ms = self.now
        self.export.conversation_changed(conversation, self.now)
        self._release(desk)


def _served_by(answer: simpy.Event) -> Desk:
    desk = answer.value
    assert isinstance(desk, Desk)
    return desk
