"""Which files have arrived and are not in the ledger yet, on any file system that fsspec knows.

A file arrives at its modification time. A name with a leading dot, or one that ends in `.part` or
`.tmp`, is still being written and is not there yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text
from upath import UPath

from rtm.sources import FEEDS, Feed

UNFINISHED = (".part", ".tmp")


@dataclass(frozen=True)
class Arrival:
    """One file of a feed, as its file system describes it."""

    feed: Feed
    path: UPath
    arrived_at: datetime
    size_bytes: int

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Deliveries are taken in by arrival time, then file name."""
        return (self.arrived_at, self.name, self.feed.name)


def pending_arrivals(connection: Connection, landing: UPath, as_of: datetime) -> list[Arrival]:
    """The files that arrived up to and including `as_of` and are unknown, in delivery order."""
    pending: list[Arrival] = []
    for feed in FEEDS.values():
        arrived = [arrival for arrival in _listing(landing, feed) if arrival.arrived_at <= as_of]
        pending += _unknown(connection, feed, arrived)
    return sorted(pending, key=lambda arrival: arrival.order)


def _listing(landing: UPath, feed: Feed) -> Iterator[Arrival]:
    folder = landing / feed.name
    if not folder.exists():
        return
    for entry in folder.fs.ls(folder.path, detail=True):
        name = entry["name"].rstrip("/").rsplit("/", 1)[-1]
        if entry["type"] != "file" or name.startswith(".") or name.endswith(UNFINISHED):
            continue
        yield Arrival(feed, folder / name, _modified(entry), int(entry["size"]))


def _modified(entry: dict[str, object]) -> datetime:
    """The modification time under the name that the file system gives it."""
    for name in ("mtime", "LastModified", "last_modified", "created"):
        value = entry.get(name)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    raise ValueError(f"{entry['name']}: this file system tells no modification time")


def _unknown(connection: Connection, feed: Feed, arrived: Iterable[Arrival]) -> list[Arrival]:
    """Without those that the ledger knows by name, time and size."""
    listed = {(a.name, a.arrived_at, a.size_bytes): a for a in arrived}
    if not listed:
        return []
    names, times, sizes = zip(*listed, strict=True)
    rows = connection.execute(
        text(
            """
            select listed.* from unnest(
                cast(:names as text[]), cast(:times as timestamptz[]), cast(:sizes as bigint[])
            ) as listed (file_name, arrived_at, size_bytes)
            where not exists (
                select from ops.file_ledger as ledger
                where ledger.feed = :feed
                    and ledger.file_name = listed.file_name
                    and ledger.arrived_at = listed.arrived_at
                    and ledger.size_bytes = listed.size_bytes
            )
            """
        ),
        {"feed": feed.name, "names": list(names), "times": list(times), "sizes": list(sizes)},
    )
    return [listed[row.file_name, row.arrived_at, row.size_bytes] for row in rows]
