"""What people typed into a form, as text and moments that can be stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData

LONGEST_TEXT = 4000
BROWSER_MINUTE = "%Y-%m-%dT%H:%M"
"""As `<input type="datetime-local">` has it."""
FURTHEST = timedelta(days=5 * 365)
"""A year with a digit too few is a slip, and so is one beyond what the warehouse reads back."""


async def _posted(request: Request) -> FormData:
    return await request.form()


Posted = Annotated[FormData, Depends(_posted)]
"""What a route takes that reads a form."""


def typed_text(form: FormData, name: str) -> str | None:
    """What was typed, without the space around it; None for nothing."""
    typed = form.get(name)
    told = typed.replace("\x00", "").strip()[:LONGEST_TEXT] if isinstance(typed, str) else ""
    return told or None


def typed_moment(form: FormData, name: str, zone: str, now: datetime) -> datetime | None:
    """A moment in a zone; None for nothing, ValueError for what is none, or is further from now
    than anything that is planned."""
    told = typed_text(form, name)
    if told is None:
        return None
    moment = datetime.strptime(told, BROWSER_MINUTE).replace(tzinfo=ZoneInfo(zone))
    if abs(moment - now) > FURTHEST:
        raise ValueError(told)
    return moment


def seen_revision(form: FormData) -> int:
    """The revision of the record that the form was made from; -1, which none has, without one."""
    seen = typed_text(form, "revision") or ""
    return int(seen) if seen.isdecimal() else -1
