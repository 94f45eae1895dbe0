"""Proves that a request that changes something was made by a page of ours, for this user.

The token is signed with the site's secret and names user and time of issue. It comes in the hidden
field `csrf_token` or the header `X-CSRF-Token`; another site knows neither. The check is a
dependency of the whole application, so that a new route cannot be without it.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from rtm.desk.identity import SignedIn, signed_in
from rtm.desk.parts import Desk, desk_of

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LASTS_S = 24 * 3600
"""A form may stay open over a shift and a break."""


class NotGenuineError(Exception):
    """A request that would change something has no valid token."""


def token_for(desk: Desk, who: SignedIn) -> str:
    """The token for the forms of a page."""
    issued = str(int(desk.now().timestamp()))
    return f"{issued}.{_signature(desk.secret, who.user_name, issued)}"


async def genuine(
    request: Request,
    who: Annotated[SignedIn, Depends(signed_in)],
    desk: Annotated[Desk, Depends(desk_of)],
) -> None:
    """The dependency: raises NotGenuineError for a changing request without a valid token."""
    if request.method in SAFE_METHODS:
        return
    token = request.headers.get(HEADER)
    if token is None:
        told = (await request.form()).get(FIELD)
        token = told if isinstance(told, str) else ""
    if not is_valid(token, desk.secret, who.user_name, desk.now()):
        raise NotGenuineError


def is_valid(token: str, secret: bytes, user_name: str, now: datetime) -> bool:
    """Whether the token was issued to this user, and not too long ago."""
    issued, _, signature = token.partition(".")
    expected = _signature(secret, user_name, issued)
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        return False
    return 0 <= now.timestamp() - int(issued) + 1 <= LASTS_S


def _signature(secret: bytes, user_name: str, issued: str) -> str:
    # A purpose of its own: what else is signed with the same secret is no token of a form.
    told = f"rtm-desk-form\0{issued}\0{user_name}"
    return hmac.new(secret, told.encode(), hashlib.sha256).hexdigest()
