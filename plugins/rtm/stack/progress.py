"""Says on one line what is being done, and for how long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Detail = Callable[[str], None]


@contextmanager
def step(what: str) -> Iterator[Detail]:
    """Shows `what` while the block runs, and how long it took when it has ended well.

    The block may call the yielded function with a detail of the moment. Without a terminal a step
    is printed when it begins and when it has ended.
    """
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    last = ""

    def line() -> str:
        return f"{what}{' · ' + last if last else ''} · {time.monotonic() - began:.0f} s"

    if not console.is_terminal:
        console.print(f"  {what} …", soft_wrap=True)

        def note(detail: str) -> None:
            nonlocal last
            last = detail

        yield note
    else:
        with console.status(what) as status:

            def show(detail: str) -> None:
                nonlocal last
                last = detail
                status.update(line())

            yield show
    console.print(f"[green]✓[/green] {line()}", soft_wrap=True)
    sys.stderr.flush()
