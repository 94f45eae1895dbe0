"""Who is signed in, as far as the outside says so. Whom of the centre this is, `people` finds."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import HTTPException


@dataclass(frozen=True)
class SignedIn:
    """A user whose session somebody else has checked."""

    user_name: str
    email: str | None = None
    is_administrator: bool = False
    """May change how the system itself is set up."""


def signed_in() -> SignedIn:
    """The dependency that every route has. `create_desk` puts the real one in its place; without
    that, nobody is signed in."""
    raise HTTPException(401)
