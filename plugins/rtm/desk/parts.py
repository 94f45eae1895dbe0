"""What the pages of one process share: settings, warehouse, secret, the way in and out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import Request

from rtm.settings import Settings
from rtm.warehouse import Warehouse

if TYPE_CHECKING:
    from upath import UPath


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Doors:
    """Where a visitor signs in and out; paths of the same site, for a browser to go to."""

    sign_in: Callable[[str], str]
    """Of the path to come back to."""
    sign_out: str


@dataclass
class Desk:
    """Made once a process. The warehouse is opened, with its pool, when it is first asked for."""

    settings: Settings
    secret: bytes = field(repr=False)
    """Signs the tokens of forms; the same in every process of the site."""
    doors: Doors
    opener: Callable[[], Warehouse]
    now: Callable[[], datetime] = _now
    landing_opener: Callable[[str], UPath] | None = None
    """Opens the landing folder of a URL; None means by the URL and the environment alone."""
    _warehouse: Warehouse | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def warehouse(self) -> Warehouse:
        with self._lock:
            if self._warehouse is None:
                self._warehouse = self.opener()
            return self._warehouse

    def landing(self) -> UPath:
        """The folder that sources deliver into; raises LandingError where it cannot be opened."""
        from rtm.landing import open_landing

        return (self.landing_opener or open_landing)(self.settings.landing_url)


def desk_of(request: Request) -> Desk:
    """The desk that serves this request."""
    desk: Desk = request.app.state.desk
    return desk
