"""Where tables are printed: as wide as the terminal, or wide enough where there is none."""

from __future__ import annotations

from rich.console import Console

WIDTH_WITHOUT_TERMINAL = 140


def open_console(width: int = WIDTH_WITHOUT_TERMINAL) -> Console:
    """Standard output; `width` holds where it is a file or a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = width
    return console
