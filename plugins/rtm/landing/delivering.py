"""Puts a file into a feed's folder as a source would: it is there whole, or not at all.

What people enter and the pipeline reads goes this way, so that it is taken in, judged, repeated and
replayed like any other delivery. Knows nothing of what is in the file.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import IO

from upath import UPath

from rtm.landing.places import S3, landing_errors

WRITTEN_AT_ONCE = 1 << 20


def deliver(landing: UPath, feed: str, name: str, content: IO[bytes]) -> None:
    """The content as `feed/name`; one of the same name is replaced. Raises OSError, of which a
    LandingError is one, where it cannot be written; nothing is delivered then."""
    options = landing.storage_options
    folder = f"{landing.path.rstrip('/')}/{feed}"
    with landing_errors(str(options.get("host", "")), options.get("port")):
        system = landing.fs
        # In a bucket there are no folders, and an object appears when all of it has come.
        if landing.protocol in S3:
            with system.open(f"{folder}/{name}", "wb") as file:
                shutil.copyfileobj(content, file, WRITTEN_AT_ONCE)
            return
        system.makedirs(folder, exist_ok=True)
        unfinished = f"{folder}/.{name}.part"
        try:
            with system.open(unfinished, "wb") as file:
                shutil.copyfileobj(content, file, WRITTEN_AT_ONCE)
            system.mv(unfinished, f"{folder}/{name}")
        except BaseException:
            with suppress(Exception):
                system.rm_file(unfinished)
            raise
