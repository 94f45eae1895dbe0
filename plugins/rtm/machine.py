"""What the embedded parts ask of the machine they run on: a free port, a file nobody else reads."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def free_port(preferred: int = 0) -> int:
    """`preferred` if nothing listens there on loopback, else any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free TCP port on 127.0.0.1")


def write_private(path: Path, content: str) -> None:
    """Replaces the file at once, readable by its owner only from the first byte."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(content)
    temporary.replace(path)
