"""The outside formats: one module each, saying which feeds it brings and how a row reads.

A source describes; `rtm.landing` does the loading, and the staging models give the meaning. A new
source is a `Feed` here and a staging model with the same name in `dbt_project/models/staging`.
"""

from rtm.sources.amazon_connect import AMAZON_CONNECT_AGENT_EVENT, AMAZON_CONNECT_CONTACT
from rtm.sources.anonymous_bank import ANONYMOUS_BANK
from rtm.sources.asterisk import ASTERISK_QUEUE_LOG
from rtm.sources.canonical import CANONICAL
from rtm.sources.feed import Column, Feed, Kind, Layout, Role
from rtm.sources.genesys import GENESYS_CONVERSATION, GENESYS_USER_STATUS

VENDORS = (
    ASTERISK_QUEUE_LOG,
    AMAZON_CONNECT_CONTACT,
    AMAZON_CONNECT_AGENT_EVENT,
    GENESYS_CONVERSATION,
    GENESYS_USER_STATUS,
    ANONYMOUS_BANK,
)

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (*CANONICAL, *VENDORS)}

__all__ = ["FEEDS", "Column", "Feed", "Kind", "Layout", "Role"]
