"""The clock of the simulation: whole milliseconds since 1970, so that durations add up exactly.

Also how a moment is written in a feed. Nothing here reads the wall clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

MS = 1000
MINUTE_MS = 60 * MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def to_datetime(moment_ms: int, zone: tzinfo | None = UTC) -> datetime:
    return (_EPOCH + timedelta(milliseconds=moment_ms)).astimezone(zone)


class Stamp:
    """Writes moments as ISO 8601 with the offset of one zone."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def __call__(self, moment_ms: int | None) -> str:
        if moment_ms is None:
            return ""
        moment = datetime.fromtimestamp(moment_ms // MS, self._zone).isoformat()
        # Put in by hand: a float of seconds would not always print the millisecond it came from.
        return f"{moment[:19]}.{moment_ms % MS:03d}{moment[19:]}"


def seconds(duration_ms: int | None) -> str:
    return "" if duration_ms is None else f"{duration_ms / MS:.3f}"
