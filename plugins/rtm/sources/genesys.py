"""Genesys Cloud: conversation details and user status details, as its analytics interface answers.

An answer lists them under a name. What is still going on has no end, and comes again later with
one. Times are UTC with milliseconds; a list of states may begin before the interval asked for.
"""

from __future__ import annotations

from rtm.sources.feed import Column, Feed, Kind, Layout, Role

GENESYS_CONVERSATION = Feed(
    "genesys_conversation",
    (
        Column("conversation_id", required=True, path=("conversationId",)),
        Column("started_at", Kind.INSTANT, required=True, path=("conversationStart",)),
        Column("ended_at", Kind.INSTANT, path=("conversationEnd",)),
        Column("direction", path=("originatingDirection",)),
        Column("body", Kind.DOCUMENT, required=True),
    ),
    Role.RECORD,
    key=("conversation_id",),
    layout=Layout.DOCUMENTS,
    listed_in="conversations",
    known_fields=frozenset(
        (
            *("conferenceStart", "conversationEnd", "conversationId", "conversationInitiator"),
            *("conversationStart", "customerParticipation", "divisionIds", "evaluations"),
            *("externalTag", "knowledgeBaseIds", "mediaStatsMinConversationMos"),
            *("mediaStatsMinConversationRFactor", "originatingDirection"),
            *("originatingSocialMediaPublic", "participants", "resolutions", "selfServed"),
            "surveys",
        )
    ),
)

GENESYS_USER_STATUS = Feed(
    "genesys_user_status",
    (
        Column("user_id", required=True, path=("userId",)),
        Column("body", Kind.DOCUMENT, required=True),
    ),
    Role.RECORD,
    key=("user_id",),
    layout=Layout.DOCUMENTS,
    listed_in="userDetails",
    known_fields=frozenset(("userId", "primaryPresence", "routingStatus")),
)
