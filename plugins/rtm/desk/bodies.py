"""How much a request may carry. Counted while it comes, whatever it says of its own length."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rtm.landing.workbooks import LARGEST_FILE

LARGEST_BODY = LARGEST_FILE + (1 << 20)
"""The largest file that landing reads, and the fields of a form around it."""

LARGEST_TYPED = 1 << 19
"""What people type into the largest form, all its fields full."""


class LimitedBodies:
    """ASGI middleware inside of the error pages: a body that is too large ends in a 413."""

    def __init__(self, app: ASGIApp, most: int = LARGEST_BODY) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        came = 0

        async def receive_limited() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self.most:
                raise HTTPException(413)
            return message

        await self.app(scope, receive_limited, send)
