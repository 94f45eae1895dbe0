"""Amazon Connect: contact records and the agent event stream, as Kinesis or S3 hand them on.

Both come at least once and in any order. A transfer makes a new contact record that names the first
one; heartbeats tell nothing that the state changes before them did not. Times are UTC, durations
whole seconds.
"""

from __future__ import annotations

from rtm.sources.feed import Column, Feed, Kind, Layout, Role


def _at(name: str, *path: str, required: bool = False) -> Column:
    return Column(name, Kind.INSTANT, required, path=path)


def _text(name: str, *path: str, required: bool = False, known: tuple[str, ...] = ()) -> Column:
    return Column(name, Kind.TEXT, required, known=known, path=path)


def _seconds(name: str, *path: str) -> Column:
    return Column(name, Kind.NUMBER, path=path)


AMAZON_CONNECT_CONTACT = Feed(
    "amazon_connect_contact",
    (
        _text("contact_id", "ContactId", required=True),
        _text("initial_contact_id", "InitialContactId"),
        _text("channel", "Channel", required=True, known=("VOICE", "CHAT", "TASK", "EMAIL")),
        _text("initiation_method", "InitiationMethod"),
        _at("initiated_at", "InitiationTimestamp", required=True),
        _at("disconnected_at", "DisconnectTimestamp"),
        _text("disconnect_reason", "DisconnectReason"),
        _at("transferred_at", "TransferCompletedTimestamp"),
        _at("updated_at", "LastUpdateTimestamp"),
        _text("queue", "Queue", "Name"),
        _at("enqueued_at", "Queue", "EnqueueTimestamp"),
        _at("dequeued_at", "Queue", "DequeueTimestamp"),
        _text("username", "Agent", "Username"),
        _at("connected_at", "Agent", "ConnectedToAgentTimestamp"),
        _seconds("interaction_s", "Agent", "AgentInteractionDuration"),
        _seconds("hold_s", "Agent", "CustomerHoldDuration"),
        _at("acw_started_at", "Agent", "AfterContactWorkStartTimestamp"),
        _seconds("acw_s", "Agent", "AfterContactWorkDuration"),
        _at("responded_at", "ChatMetrics", "ChatContactMetrics", "AgentFirstResponseTimestamp"),
        Column("body", Kind.DOCUMENT, required=True),
    ),
    Role.RECORD,
    key=("contact_id",),
    found_by=("coalesce(initial_contact_id, contact_id)",),
    layout=Layout.DOCUMENTS,
    known_fields=frozenset(
        (
            *("AWSAccountId", "AWSContactTraceRecordFormatVersion", "Agent"),
            *("AgentConnectionAttempts", "AnsweringMachineDetectionStatus", "Attributes"),
            *("Campaign", "Channel", "ChatMetrics", "ConnectedToSystemTimestamp"),
            *("ContactDetails", "ContactId", "CustomerEndpoint", "CustomerVoiceActivity"),
            *("DisconnectReason", "DisconnectTimestamp", "InitialContactId"),
            *("InitiationMethod", "InitiationTimestamp", "InstanceARN", "LastUpdateTimestamp"),
            *("MediaStreams", "NextContactId", "PreviousContactId", "QualityMetrics", "Queue"),
            *("Recording", "Recordings", "References", "RelatedContactId"),
            *("ScheduledTimestamp", "SegmentAttributes", "SystemEndpoint", "Tags"),
            *("TransferCompletedTimestamp", "TransferredToEndpoint", "VoiceIdResult"),
        )
    ),
)

AMAZON_CONNECT_AGENT_EVENT = Feed(
    "amazon_connect_agent_event",
    (
        _text("event_id", "EventId", required=True),
        _at("occurred_at", "EventTimestamp", required=True),
        _text(
            "event_type",
            "EventType",
            required=True,
            known=("LOGIN", "LOGOUT", "STATE_CHANGE", "HEART_BEAT"),
        ),
        _text("agent_arn", "AgentARN", required=True),
        _text("username", "CurrentAgentSnapshot", "Configuration", "Username"),
        _text("status", "CurrentAgentSnapshot", "AgentStatus", "Name"),
        _text("status_type", "CurrentAgentSnapshot", "AgentStatus", "Type"),
        _text("status_before", "PreviousAgentSnapshot", "AgentStatus", "Name"),
        _text("status_type_before", "PreviousAgentSnapshot", "AgentStatus", "Type"),
        Column("body", Kind.DOCUMENT, required=True),
    ),
    Role.RECORD,
    key=("event_id",),
    layout=Layout.DOCUMENTS,
    known_fields=frozenset(
        (
            *("AWSAccountId", "AgentARN", "CurrentAgentSnapshot", "EventId", "EventTimestamp"),
            *("EventType", "InstanceARN", "PreviousAgentSnapshot", "Version"),
        )
    ),
)
