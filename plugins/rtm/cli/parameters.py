"""How instants and durations are written on the command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import click

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Instant(click.ParamType[datetime]):
    """An ISO 8601 date and time with offset."""

    name = "instant"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date and time such as 2026-11-22T08:00:00+07:00")
        if instant.tzinfo is None:
            self.fail(f"{value!r} has no offset; write for example {value}+07:00")
        return instant


class Duration(click.ParamType[timedelta]):
    """A number with a unit: 30s, 5m, 1h, 1d."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value.strip())
        if not match or float(match[1]) == 0:
            self.fail(f"{value!r} is not a duration such as 30s, 5m or 1h")
        return timedelta(**{UNITS[match[2]]: float(match[1])})
