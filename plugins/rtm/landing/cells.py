"""The cells of a feed's rows as parts of SQL statements: named, declared, put together."""

from __future__ import annotations

from rtm.sources import Feed


def named_cells(feed: Feed) -> str:
    return ", ".join(f'"{name}"' for name in feed.stored_names)


def declared_cells(feed: Feed) -> str:
    return ", ".join(f'"{name}" text' for name in feed.stored_names)


def cells_record(feed: Feed) -> str:
    """The cells of a row as one JSON object."""
    pairs = ", ".join(f"'{name}', \"{name}\"" for name in feed.stored_names)
    return f"jsonb_build_object({pairs})"
