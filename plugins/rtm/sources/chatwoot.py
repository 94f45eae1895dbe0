"""Chatwoot: webhooks and reporting events, in one folder.

A webhook is about a message, a conversation or a contact, and each kind names a conversation at
another place. One body holds times of several types: ISO, unix seconds, and in older versions
"2020-03-03 13:05:57 UTC". An answer of the interface may list reporting events under `payload`.
"""

from __future__ import annotations

from rtm.sources.feed import Column, Feed, Kind, Layout, Role

WEBHOOKS = (
    *("CONVERSATION_CREATED", "CONVERSATION_STATUS_CHANGED", "CONVERSATION_UPDATED"),
    *("CONVERSATION_OPENED", "CONVERSATION_RESOLVED"),
    *("CONVERSATION_TYPING_ON", "CONVERSATION_TYPING_OFF"),
    *("MESSAGE_CREATED", "MESSAGE_UPDATED", "CONTACT_CREATED", "CONTACT_UPDATED"),
    *("INBOX_CREATED", "INBOX_UPDATED", "WEBWIDGET_TRIGGERED"),
)
REPORTING_EVENTS = (
    *("FIRST_RESPONSE", "REPLY_TIME", "CONVERSATION_RESOLVED", "CONVERSATION_OPENED"),
    *("CONVERSATION_BOT_HANDOFF", "CONVERSATION_BOT_RESOLVED"),
)

CHATWOOT = Feed(
    "chatwoot",
    (
        Column(
            "event",
            required=True,
            known=tuple(dict.fromkeys(WEBHOOKS + REPORTING_EVENTS)),
            path=("event",),
            or_paths=(("name",),),
        ),
        Column(
            "conversation_id",
            path=("conversation_id",),
            or_paths=(("conversation", "id"), ("conversation", "display_id"), ("id",)),
        ),
        Column(
            "inbox_id",
            path=("inbox_id",),
            or_paths=(("inbox", "id"), ("conversation", "inbox_id")),
        ),
        Column("created_at", Kind.MOMENT, path=("created_at",)),
        Column("starts_at", Kind.MOMENT, path=("event_start_time",)),
        Column("ends_at", Kind.MOMENT, path=("event_end_time",)),
        Column("body", Kind.DOCUMENT, required=True),
    ),
    Role.RECORD,
    key=("conversation_id",),
    # Numbers of conversations repeat from account to account; an inbox belongs to one account.
    found_by=("coalesce(inbox_id, '') || '/' || conversation_id",),
    layout=Layout.DOCUMENTS,
    listed_in="payload",
    known_fields=frozenset(
        (
            # Of several kinds
            *("account", "account_id", "additional_attributes", "content_attributes", "created_at"),
            *("custom_attributes", "event", "id", "inbox", "inbox_id", "updated_at"),
            *("changed_attributes", "conversation", "conversation_id", "contact", "name"),
            # Messages
            *("attachments", "content", "content_type", "message_type", "private", "sender"),
            *(
                "source_id",
                "status",
                "sentiment",
                "external_source_ids",
                "processed_message_content",
            ),
            # Conversations
            *(
                "agent_last_seen_at",
                "can_reply",
                "channel",
                "contact_inbox",
                "contact_last_seen_at",
            ),
            *("first_reply_created_at", "labels", "last_activity_at", "messages", "meta"),
            *("priority", "snoozed_until", "timestamp", "unread_count", "waiting_since"),
            *("is_private", "user"),
            # Contacts, inboxes, the widget
            *("avatar", "avatar_url", "blocked", "email", "identifier", "phone_number"),
            *("thumbnail", "type", "current_conversation", "event_info", "last_name", "location"),
            # Reporting events
            *("event_end_time", "event_start_time", "user_id", "value"),
            "value_in_business_hours",
        )
    ),
)
