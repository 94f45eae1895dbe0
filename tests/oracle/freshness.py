"""Freshness: one row per feed that has ever delivered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from .calls_in_row import read_rings
from .cells import seconds
from .deliveries import known_deliveries
from .nonvoice import read_conversations
from .reference_data import ReferenceData
from .sessions import delivered_events
from .voice import read_calls
from .world import FEED_COLUMNS, World

BEHIND_AFTER = timedelta(minutes=10)
LOGS = ("agent_event", "call", "conversation")


def feed_freshness(world: World, data: ReferenceData) -> list[dict[str, Any]]:
    told: dict[str, Iterable[datetime]] = {
        "agent_event": [event.at for event in delivered_events(world, data)],
        "call": [call.offered_at for call in read_calls(world, data)],
        "ring": [ring.rang_at for ring in read_rings(world, data)],
        "conversation": [one.received_at for one in read_conversations(world, data)],
    }
    rows = []
    for feed in FEED_COLUMNS:
        arrivals = [delivery.arrived_at for delivery in known_deliveries(world, feed)]
        if not arrivals:
            continue
        age = world.as_of - max(arrivals)
        past = [at for at in told.get(feed, ()) if at <= world.as_of]
        rows.append(
            {
                "feed": feed,
                "latest_event_at": max(past, default=None),
                "latest_arrival_at": max(arrivals),
                "age_s": float(seconds(age)),
                "comes_all_day": feed in LOGS,
                "is_stale": feed in LOGS and age > BEHIND_AFTER,
                "is_provisional": True,
            }
        )
    return rows
