"""Mekari Qontak: webhooks about messages and rooms.

Only the bodies of messages are published. Those of the other webhooks are taken as they come: the
room is looked for in `room`, or is the body itself.
"""

from __future__ import annotations

from rtm.sources.feed import Column, Feed, Kind, Layout, Role

QONTAK = Feed(
    "qontak",
    (
        Column("message_id", path=("id",)),
        Column("room_id", required=True, path=("room_id",), or_paths=(("room", "id"), ("id",))),
        Column(
            "event",
            known=(
                *("MESSAGE_INTERACTION", "RECEIVE_MESSAGE_FROM_CUSTOMER"),
                *("RECEIVE_MESSAGE_FROM_AGENT", "STATUS_MESSAGE", "AGENT_ASSIGNED_TO_ROOM"),
                *("AGENT_UNASSIGNED_FROM_ROOM", "ROOM_RESOLVED", "CUSTOM_AGENT_ALLOCATION"),
            ),
            path=("data_event",),
            or_paths=(("webhook_event",), ("event",), ("event_type",)),
        ),
        Column("participant_type", known=("CUSTOMER", "AGENT", "BOT"), path=("participant_type",)),
        Column("created_at", Kind.MOMENT, path=("created_at",)),
        Column("body", Kind.DOCUMENT, required=True),
    ),
    Role.RECORD,
    key=("room_id",),
    layout=Layout.DOCUMENTS,
    known_fields=frozenset(
        (
            *("id", "type", "room_id", "is_campaign", "sender_id", "sender_type", "sender"),
            *("participant_id", "organization_id", "text", "status", "participant_type"),
            *("external_id", "local_id", "created_at", "updated_at", "reply", "room", "file"),
            *("agent", "agent_id", "data_event", "webhook_event", "event", "event_type"),
            # A room by itself
            *("name", "description", "tags", "channel", "channel_account", "account_uniq_id"),
            *("channel_integration_id", "session", "session_at", "unread_count", "avatar"),
            *("resolved_at", "resolved_by_id", "resolved_by_type"),
        )
    ),
)
