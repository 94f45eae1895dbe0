"""Prints the board of a simulated day and puts it into README.md: `make readme`.

The day, its clock and its seed are fixed, and the board comes out of the same landing, models and
detection as any other. So the README shows what the product prints; a test compares them.
"""

from __future__ import annotations

import dataclasses
import io
import re
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from rtm.board.content import read_board
from rtm.board.printing import render_board
from rtm.cycle import System
from rtm.notify import ON_PAPER
from rtm.replay import replay
from rtm.settings import REPOSITORY, Language, Settings
from rtm.simulator import demo_scenario, simulate
from rtm.warehouse.embedded import EmbeddedPostgres

README = REPOSITORY / "README.md"
MARKS = re.compile(r"(<!-- board: make readme -->\n```text\n).*?(```\n<!-- /board -->)", re.DOTALL)
CLOCK = datetime.fromisoformat("2026-11-23T14:40:00+07:00")
HISTORY = [(timedelta(hours=30), timedelta(hours=6)), (timedelta(hours=2), timedelta(minutes=10))]
"""How long before the clock the ticks begin, and how far apart they are."""
SEED = 2026
WIDTH = 120


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rtm-readme-") as folder:
        settings = Settings(home=Path(folder), landing_url=f"{folder}/landing", database_url=None)
        try:
            text = with_board(README.read_text(encoding="utf-8"), System.open(settings))
        finally:
            EmbeddedPostgres(settings.home).stop()
    README.write_text(text, encoding="utf-8")
    print(f"written: {README}", file=sys.stderr)


def with_board(readme: str, system: System) -> str:
    """The README with the board of an empty `system` that has lived through the fixed day."""
    landing = Path(system.settings.landing_url)
    simulate(demo_scenario(CLOCK, SEED), landing, CLOCK, truth=landing.parent / "truth")
    on_paper = dataclasses.replace(system.settings, smtp_url=ON_PAPER)
    for (before, every), until in zip(HISTORY, (HISTORY[1][0], timedelta()), strict=True):
        replay(System(on_paper, system.warehouse), CLOCK - before, CLOCK - until, every)
    board = print_board(system, "en")
    text, count = MARKS.subn(lambda marks: marks[1] + board + marks[2], readme)
    if count != 1:
        raise ValueError(f"{README} has no place for the board: {MARKS.pattern}")
    return text


def print_board(system: System, language: Language) -> str:
    """The board as plain text."""
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False, color_system=None)
    for part in render_board(read_board(system.warehouse), language):
        console.print(part)
    printed: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "".join(f"{line.rstrip()}\n" for line in printed.strip().splitlines())


if __name__ == "__main__":
    main()
