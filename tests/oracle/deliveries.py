"""Which delivered row holds: order of deliveries, repeats, corrections.

Knows how rows compete, not what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from .world import FEED_COLUMNS, Cells, Delivery, World

Row = TypeVar("Row")


def known_deliveries(world: World, feed: str) -> list[Delivery]:
    """Deliveries of one feed that arrived by `as_of`, in their order."""
    known = [
        delivery
        for delivery in world.deliveries
        if delivery.feed == feed and delivery.arrived_at <= world.as_of
    ]
    return sorted(known, key=lambda delivery: (delivery.arrived_at, delivery.file_name))


def delivered_rows(world: World, feed: str) -> list[Cells]:
    return [row for delivery in known_deliveries(world, feed) for row in delivery.rows]


def as_written(feed: str, row: Cells) -> tuple[str, ...]:
    """The cells of the known columns, to tell whether two deliveries are equal."""
    return tuple((row.get(column) or "").strip() for column in FEED_COLUMNS[feed])


def first_of_equal(feed: str, rows: Iterable[Cells]) -> list[Cells]:
    """Each row once, in the place of its first delivery."""
    first: dict[tuple[str, ...], Cells] = {}
    for row in rows:
        first.setdefault(as_written(feed, row), row)
    return list(first.values())


@dataclass(frozen=True)
class Place:
    """Where a row stands: the header of a csv file is row 1, a jsonl file has none."""

    file_name: str
    row_number: int


def places(world: World, feed: str) -> dict[tuple[str, ...], list[Place]]:
    """By what is written, where it was delivered, in the order of deliveries."""
    found: dict[tuple[str, ...], list[Place]] = {}
    for delivery in known_deliveries(world, feed):
        first = 1 if ".jsonl" in delivery.file_name else 2
        for number, row in enumerate(delivery.rows, start=first):
            place = Place(delivery.file_name, number)
            found.setdefault(as_written(feed, row), []).append(place)
    return found


def readable(rows: Iterable[Cells], read: Callable[[Cells], Row | None]) -> list[Row]:
    """Rows as `read` understands them, without those that it refuses."""
    result = []
    for row in rows:
        try:
            understood = read(row)
        except ValueError:
            continue
        if understood is not None:
            result.append(understood)
    return result


def latest_holds(rows: Iterable[Row], identity: Callable[[Row], Hashable]) -> list[Row]:
    return list({identity(row): row for row in rows}.values())


def newest_holds(
    rows: Iterable[Row],
    identity: Callable[[Row], Hashable],
    updated_at: Callable[[Row], datetime | None],
) -> list[Row]:
    """Highest `updated_at`, a row without it below any other, the later among equals."""
    best: dict[Hashable, Row] = {}
    for row in rows:
        rival = best.get(identity(row))
        if rival is not None:
            rival_time, time = updated_at(rival), updated_at(row)
            if rival_time is not None and (time is None or time < rival_time):
                continue
        best[identity(row)] = row
    return list(best.values())
