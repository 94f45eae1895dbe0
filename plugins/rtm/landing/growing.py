"""Logs that grow: delivered again with more lines at their end, they are read from there on.

A `queue_log` grows until it is rotated, for a week or a month, and is delivered every minute. Its
beginning is only compared with what was delivered last, by a digest, which is a small part of what
it costs to take it in.
"""

from __future__ import annotations

import dataclasses
import hashlib

from rtm.landing.arrivals import Arrival, beginning
from rtm.landing.containers import is_packed, read_header, unpacked


def read_on(arrival: Arrival, last: tuple[int, str] | None) -> Arrival:
    """The same log from the first line on that `last` did not hold whole; else as it is.

    `last`: size in bytes and SHA-256 of what was delivered under the same name before. A file that
    does not begin with that, as after a rotation, is read from its beginning; so is a packed one,
    and an export with a header.
    """
    if last is None or is_packed(arrival):
        return arrival
    size, sha256 = last
    if size >= arrival.size_bytes:
        return arrival
    digest, lines, line_ends_at, position = hashlib.sha256(), 0, 0, 0
    with unpacked(arrival) as content:
        if read_header(arrival, content).has_header:
            return arrival
        for chunk in beginning(content, size):
            digest.update(chunk)
            lines += chunk.count(b"\n")
            # A last line without an end may have been in the middle of being written.
            if newline := chunk.rfind(b"\n") + 1:
                line_ends_at = position + newline
            position += len(chunk)
    if digest.hexdigest() != sha256:
        return arrival
    return dataclasses.replace(arrival, starts_at=line_ends_at, lines_before=lines)
