"""Ends what a program leaves behind when it is killed; supervisord's event listener.

A killed scheduler cannot end its workers and its log server, which would hold their port against
the next one. They are still in the process group that supervisord made for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from supervisor import childutils


def main() -> None:
    """Answers supervisord's events for ever."""
    while True:
        _, payload = childutils.listener.wait(sys.stdin, sys.stdout)
        exited = childutils.get_headers(payload)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(exited["pid"]), signal.SIGKILL)
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()
