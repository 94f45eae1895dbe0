"""Which files have arrived and are not in the ledger yet, on any file system that fsspec knows.

A file arrives at its modification time. A name with a leading dot, or one that ends in `.part` or
`.tmp`, is still being written and is not there yet. Of a folder elsewhere, only what is there is
asked for: one listing of the landing folder, and one of each feed's folder that is in it.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import Connection, text
from upath import UPath

from rtm.landing.places import GoneError, LandingError, landing_errors, place_name
from rtm.sources import Feed

UNFINISHED = (".part", ".tmp")
READ_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Arrival:
    """One file of a feed, as its file system describes it."""

    feed: Feed
    system: AbstractFileSystem
    path: str
    """As the file system lists it; a name may hold what a URL gives a meaning to."""
    arrived_at: datetime
    size_bytes: int
    fetched: Path | None = None
    """Where its content is at hand, if it has been brought here."""
    starts_at: int = 0
    """Bytes at its beginning that an earlier delivery held, and that are not read again."""
    lines_before: int = 0
    """How many lines these are."""

    @property
    def name(self) -> str:
        """The file's own name, as text that can be stored whatever bytes it holds."""
        name = self.path.rstrip("/").rsplit("/", 1)[-1]
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def open(self) -> IO[bytes]:
        if self.fetched is not None:
            return self.fetched.open("rb")
        return cast(IO[bytes], self.system.open(self.path, "rb"))

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Deliveries are taken in by arrival time, then file name."""
        return (self.arrived_at, self.name, self.feed.name)


@dataclass
class Listed:
    """What lies below the landing folder."""

    arrivals: list[Arrival] = field(default_factory=list)
    unlisted: dict[str, str] = field(default_factory=dict)
    """Why a folder could not be listed, by its name; it is tried again next time."""
    is_cut_off: bool = False
    """Whether the server as a whole is out of reach, so that nothing is known of any feed."""


def list_landing(landing: UPath, as_of: datetime, feeds: Mapping[str, Feed]) -> Listed:
    """The files that arrived up to and including `as_of`, known or not.

    A folder that cannot be listed keeps no other out; a server that does not answer is left alone
    until the next cycle.
    """
    listed = Listed()
    where = place_name(landing)
    try:
        system, names = _open(landing)
    except GoneError as error:
        # A local folder is made by the first delivery.
        if landing.protocol not in ("", "file", "local"):
            listed.unlisted[where], listed.is_cut_off = str(error), True
        return listed
    except LandingError as error:
        listed.unlisted[where], listed.is_cut_off = str(error), True
        return listed
    root = landing.path.rstrip("/")
    for feed in feeds.values():
        if feed.name not in names:
            continue
        try:
            found = list(_listing(system, f"{root}/{feed.name}", feed))
        except GoneError:
            continue
        except LandingError as error:
            if error.is_server:
                listed.unlisted[where], listed.is_cut_off = str(error), True
                break
            listed.unlisted[f"{where}/{feed.name}"] = str(error)
            continue
        listed.arrivals += [arrival for arrival in found if arrival.arrived_at <= as_of]
    return listed


def pending_arrivals(connection: Connection, arrivals: Iterable[Arrival]) -> list[Arrival]:
    """Those that the ledger does not know, in delivery order."""
    by_feed: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        by_feed.setdefault(arrival.feed.name, []).append(arrival)
    pending = [
        arrival for some in by_feed.values() for arrival in _unknown(connection, some[0].feed, some)
    ]
    return sorted(pending, key=lambda arrival: arrival.order)


def beginning(content: IO[bytes], size_bytes: int) -> Iterator[bytes]:
    """The first bytes of a file, in chunks: fewer than it has where it has grown since."""
    while chunk := content.read(min(size_bytes, READ_AT_ONCE)):
        yield chunk
        size_bytes -= len(chunk)


@contextmanager
def fetched(arrival: Arrival) -> Iterator[Arrival]:
    """The file with its content at hand: brought here once, whole, before anything is read of it.

    Reading takes several passes, and a server that fails in the middle of one must not look like a
    damaged file. Raises GoneError if it is there no more, LandingError if it cannot be brought.
    """
    if isinstance(arrival.system, LocalFileSystem):
        yield arrival
        return
    with tempfile.TemporaryDirectory(prefix="rtm-landing-") as folder:
        # Not under its own name: that may be longer than a name here can be, or lead elsewhere.
        content = Path(folder) / "content"
        # Not get_file: of a link, SFTP's would make a link here, which may lead anywhere.
        with (
            landing_errors(),
            arrival.system.open(arrival.path, "rb") as source,
            content.open("wb") as target,
        ):
            shutil.copyfileobj(source, target, READ_AT_ONCE)
        size = content.stat().st_size
        if size < arrival.size_bytes:
            raise LandingError(
                f"only {size} of its {arrival.size_bytes} bytes came; it is tried again"
            )
        yield dataclasses.replace(arrival, fetched=content)


def _open(landing: UPath) -> tuple[AbstractFileSystem, set[str]]:
    """The connected file system, and the names in the landing folder."""
    options = landing.storage_options
    with landing_errors(str(options.get("host", "")), options.get("port")):
        system = landing.fs
        system.invalidate_cache()
        entries = system.ls(landing.path, detail=True)
        return system, {entry["name"].rstrip("/").rsplit("/", 1)[-1] for entry in entries}


def _listing(system: AbstractFileSystem, folder: str, feed: Feed) -> Iterator[Arrival]:
    with landing_errors():
        entries = system.ls(folder, detail=True)
    for entry in entries:
        if entry["type"] == "link":
            entry = _followed(system, entry)
        # A bucket may hold an empty object in place of a folder, with the folder's name.
        if entry["type"] != "file" or entry["name"].endswith("/"):
            continue
        arrival = Arrival(feed, system, entry["name"], _modified(entry), int(entry["size"]))
        if not arrival.name.startswith(".") and not arrival.name.endswith(UNFINISHED):
            yield arrival


def _followed(system: AbstractFileSystem, entry: dict[str, Any]) -> dict[str, Any]:
    """What a link leads to, under the link's name; a link that leads nowhere is left as it is."""
    try:
        with landing_errors():
            return {**system.info(entry["name"]), "name": entry["name"]}
    except LandingError as error:
        if error.is_server:
            raise
        return entry


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
