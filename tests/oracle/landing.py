"""Writes a world's deliveries as files of a landing folder. Knows file formats, nothing else.

A file may be held back, and be found later than it arrived.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from .world import FEED_COLUMNS, Delivery, World

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def header_of(delivery: Delivery) -> list[str]:
    """The columns of the feed, then any others the rows have."""
    columns = list(FEED_COLUMNS[delivery.feed])
    others = sorted({column for row in delivery.rows for column in row} - set(columns))
    return columns + others


def as_csv(delivery: Delivery) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(
        out,
        header_of(delivery),
        restval="",
        delimiter=delivery.separator,
        lineterminator="\n",
    )
    writer.writeheader()
    writer.writerows(delivery.rows)
    return out.getvalue()


def as_jsonl(delivery: Delivery) -> str:
    """An empty cell is left out."""
    lines = (
        json.dumps({column: value for column, value in row.items() if value}, ensure_ascii=False)
        for row in delivery.rows
    )
    return "".join(f"{line}\n" for line in lines)


def content_of(delivery: Delivery) -> bytes:
    bare_name = delivery.file_name.removesuffix(".gz")
    text = as_jsonl(delivery) if bare_name.endswith(".jsonl") else as_csv(delivery)
    content = text.encode()
    return gzip.compress(content, mtime=0) if delivery.file_name.endswith(".gz") else content


def write_world(world: World, landing: Path) -> list[Path]:
    """One file per delivery, modified at the moment it arrives."""
    paths = []
    for delivery in world.deliveries:
        path = landing / delivery.feed / delivery.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise FileExistsError(f"two deliveries are called {path}")
        path.write_bytes(content_of(delivery))
        nanoseconds = (delivery.arrived_at - EPOCH) // timedelta(microseconds=1) * 1000
        os.utime(path, ns=(nanoseconds, nanoseconds))
        paths.append(path)
    return paths


UNFINISHED = ".part"


def hold_back(
    landing: Path, ticks: list[datetime], chance: Random, share: float = 0.25
) -> dict[datetime, list[Path]]:
    """Makes some files look unfinished until a tick of their own, whenever they arrived."""
    held: dict[datetime, list[Path]] = {tick: [] for tick in ticks}
    for path in sorted(path for path in landing.rglob("*") if path.is_file()):
        if chance.random() < share:
            held[chance.choice(ticks)].append(path.rename(f"{path}{UNFINISHED}"))
    return held


def reveal(held: list[Path]) -> None:
    for path in held:
        path.rename(str(path).removesuffix(UNFINISHED))
