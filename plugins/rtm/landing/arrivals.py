"""Which files have arrived and are not in the ledger yet, on any file system that fsspec knows.

A file arrives at its modification time. A name with a leading dot, or one that ends in `.part` or
`.tmp`, is still being written and is not there yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, cast

from fsspec import AbstractFileSystem
from sqlalchemy import Connection, text
from upath import UPath

from rtm.sources import Feed

UNFINISHED = (".part", ".tmp")


@dataclass(frozen=True)
class Arrival:
    """One file of a feed, as its file system describes it."""

    feed: Feed
    system: AbstractFileSystem
    path: str
    """As the file system lists it; a name may hold what a URL gives a meaning to."""
    arrived_at: datetime
    size_bytes: int

    @property
    def name(self) -> str:
        """The file's own name, as text that can be stored whatever bytes it holds."""
        name = self.path.rstrip("/").rsplit("/", 1)[-1]
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def open(self) -> IO[bytes]:
        return cast(IO[bytes], self.system.open(self.path, "rb"))

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Deliveries are taken in by arrival time, then file name."""
        return (self.arrived_at, self.name, self.feed.name)


def pending_arrivals(
    connection: Connection, landing: UPath, as_of: datetime, feeds: Mapping[str, Feed]
) -> list[Arrival]:
    """The files that arrived up to and including `as_of` and are unknown, in delivery order."""
    pending: list[Arrival] = []
    for feed in feeds.values():
        arrived = [arrival for arrival in _listing(landing, feed) if arrival.arrived_at <= as_of]
        pending += _unknown(connection, feed, arrived)
    return sorted(pending, key=lambda arrival: arrival.order)


def _listing(landing: UPath, feed: Feed) -> Iterator[Arrival]:
    folder = landing / feed.name
    if not folder.exists():
        return
    for entry in folder.fs.ls(folder.path, detail=True):
        if entry["type"] != "file":
            continue
        arrival = Arrival(feed, folder.fs, entry["name"], _modified(entry), int(entry["size"]))
        if not arrival.name.startswith(".") and not arrival.name.endswith(UNFINISHED):
            yield arrival


def _modified(entry: dict[str, Any]) -> datetime:
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
