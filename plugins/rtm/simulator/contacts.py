"""Contacts and agent events as the export sees them: records that change, and their rows.

A record is exported once per slice in which it changed, in the state it has at the slice's end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rtm.simulator.times import Stamp, seconds

AGENT_EVENT_COLUMNS = "event_id,occurred_at,agent_id,event,state,aux_code,source"
CALL_COLUMNS = (
    "call_id,service_code,queue,direction,arrived_at,queued_at,answered_at,left_at,ended_at,"
    "agent_id,outcome,talk_s,hold_s,acw_s,updated_at"
)
RING_COLUMNS = "call_id,service_code,agent_id,source,rang_at,stopped_at,was_answered,updated_at"
CONVERSATION_COLUMNS = (
    "conversation_id,service_code,channel,received_at,assigned_at,first_response_at,closed_at,"
    "agent_id,updated_at"
)


@dataclass(slots=True)
class Draws:
    """What a contact would need and endure, drawn when it arrives and not when it is served.

    So two runs with the same seed and another staff have the same customers.
    """

    talk_ms: int
    hold_ms: int
    acw_ms: int
    patience_ms: int
    first_step_ms: int
    """Time in the voice menu, or what the agent needs for a first reply."""
    fate: float
    """Between 0 and 1: decides what happens in the voice menu."""


@dataclass(slots=True, eq=False)
class Call:
    call_id: str
    service_code: str
    queue: str
    stamp: Stamp
    arrived_ms: int
    draws: Draws
    queued_ms: int | None = None
    answered_ms: int | None = None
    left_ms: int | None = None
    ended_ms: int | None = None
    agent_id: str = ""
    outcome: str = "open"
    talk_ms: int | None = None
    hold_ms: int | None = None
    acw_ms: int | None = None
    updated_ms: int = 0

    def row(self) -> str:
        stamp = self.stamp
        return ",".join(
            (
                self.call_id,
                self.service_code,
                self.queue,
                "inbound",
                stamp(self.arrived_ms),
                stamp(self.queued_ms),
                stamp(self.answered_ms),
                stamp(self.left_ms),
                stamp(self.ended_ms),
                self.agent_id,
                self.outcome,
                seconds(self.talk_ms),
                seconds(self.hold_ms),
                seconds(self.acw_ms),
                stamp(self.updated_ms),
            )
        )


@dataclass(slots=True, eq=False)
class Ring:
    """A time that a call rang at a desk where nobody answered it; the answered ones are calls."""

    call_id: str
    service_code: str
    agent_id: str
    source: str
    stamp: Stamp
    rang_ms: int
    stopped_ms: int | None = None
    updated_ms: int = 0

    def row(self) -> str:
        stamp = self.stamp
        return ",".join(
            (
                self.call_id,
                self.service_code,
                self.agent_id,
                self.source,
                stamp(self.rang_ms),
                stamp(self.stopped_ms),
                "" if self.stopped_ms is None else "false",
                stamp(self.updated_ms),
            )
        )


@dataclass(slots=True, eq=False)
class Conversation:
    conversation_id: str
    service_code: str
    channel: str
    stamp: Stamp
    received_ms: int
    draws: Draws
    assigned_ms: int | None = None
    first_response_ms: int | None = None
    closed_ms: int | None = None
    agent_id: str = ""
    updated_ms: int = 0

    def row(self) -> str:
        stamp = self.stamp
        return ",".join(
            (
                self.conversation_id,
                self.service_code,
                self.channel,
                stamp(self.received_ms),
                stamp(self.assigned_ms),
                stamp(self.first_response_ms),
                stamp(self.closed_ms),
                self.agent_id,
                stamp(self.updated_ms),
            )
        )


@dataclass
class Export:
    """Collects what changed since the last slice."""

    source: str = "omnichannel"
    events: list[str] = field(default_factory=list)
    calls: dict[Call, None] = field(default_factory=dict)
    rings: dict[Ring, None] = field(default_factory=dict)
    conversations: dict[Conversation, None] = field(default_factory=dict)
    _event_number: int = 0

    def event(
        self, occurred_at: str, agent_id: str, event: str, state: str = "", aux_code: str = ""
    ) -> None:
        self._event_number += 1
        # Padded: of several states of one moment the highest id holds, compared as text.
        event_id = f"EV{self._event_number:012d}"
        self.events.append(
            f"{event_id},{occurred_at},{agent_id},{event},{state},{aux_code},{self.source}"
        )

    def call_changed(self, call: Call, now_ms: int) -> None:
        call.updated_ms = now_ms
        self.calls[call] = None

    def ring_changed(self, ring: Ring, now_ms: int) -> None:
        ring.updated_ms = now_ms
        self.rings[ring] = None

    def conversation_changed(self, conversation: Conversation, now_ms: int) -> None:
        conversation.updated_ms = now_ms
        self.conversations[conversation] = None

    def take(self) -> dict[str, list[str]]:
        """The rows of the slice that ends now, header first, and starts the next slice."""
        taken = {
            "agent_event": [AGENT_EVENT_COLUMNS, *self.events],
            "call": [CALL_COLUMNS, *(call.row() for call in self.calls)],
            "ring": [RING_COLUMNS, *(ring.row() for ring in self.rings)],
            "conversation": [CONVERSATION_COLUMNS, *(c.row() for c in self.conversations)],
        }
        self.events, self.calls, self.rings, self.conversations = [], {}, {}, {}
        return taken
