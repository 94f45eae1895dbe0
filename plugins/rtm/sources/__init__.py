"""The outside formats: one module each, saying which feeds it brings and how a row reads.

A source describes; `rtm.landing` does the loading, and the staging models give the meaning. A new
source is a `Feed` here and a staging model with the same name in `dbt_project/models/staging`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rtm.sources.amazon_connect import AMAZON_CONNECT_AGENT_EVENT, AMAZON_CONNECT_CONTACT
from rtm.sources.anonymous_bank import ANONYMOUS_BANK
from rtm.sources.asterisk import ASTERISK_QUEUE_LOG
from rtm.sources.canonical import CANONICAL
from rtm.sources.chatwoot import CHATWOOT
from rtm.sources.feed import Column, Feed, Kind, Layout, Role
from rtm.sources.genesys import GENESYS_CONVERSATION, GENESYS_USER_STATUS
from rtm.sources.qontak import QONTAK

VENDORS = (
    ASTERISK_QUEUE_LOG,
    AMAZON_CONNECT_CONTACT,
    AMAZON_CONNECT_AGENT_EVENT,
    GENESYS_CONVERSATION,
    GENESYS_USER_STATUS,
    CHATWOOT,
    QONTAK,
    ANONYMOUS_BANK,
)

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (*CANONICAL, *VENDORS)}
"""The feeds that every site has; `read_sources` adds those of its mapping files."""


@dataclass(frozen=True)
class Sources:
    """All feeds of a system, and the mapping files that cannot be used."""

    feeds: dict[str, Feed]
    broken: dict[str, str] = field(default_factory=dict)
    """Why, by the name of the mapping file."""


def read_sources(mappings: Path) -> Sources:
    """The known feeds and those of the mapping files, as these are now."""
    if not mappings.is_dir():
        return Sources(FEEDS)
    # Not at the top: few sites have mappings, and the schema is slow to import.
    from rtm.sources.mapping.files import read_mappings

    found = read_mappings(mappings, {feed.name: feed for feed in CANONICAL}, frozenset(FEEDS))
    return Sources(FEEDS | found.feeds, found.broken)


__all__ = [
    "CANONICAL",
    "FEEDS",
    "VENDORS",
    "Column",
    "Feed",
    "Kind",
    "Layout",
    "Role",
    "Sources",
    "read_sources",
]
