"""The part of docs/dashboards.md that tells what is on each board, from the words of the boards."""

from __future__ import annotations

from pathlib import Path

from grafana.source.board import Board
from grafana.source.panels import uid_of
from grafana.source.words import LANGUAGES, Words

PAGE = Path(__file__).parents[2] / "docs" / "dashboards.md"
SKETCHES = PAGE.parent / "dashboards"
BEGIN, END = "<!-- boards: make dashboards -->\n", "<!-- /boards -->"


def renewed(page: str, boards: tuple[Board, ...], words: Words) -> str:
    """The page with its generated part as the boards are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or END not in page:
        raise ValueError(f"{PAGE.name} lost its marks {BEGIN.strip()} and {END}")
    return before + BEGIN + "".join(_section(board, words) for board in boards) + END + after


def _section(board: Board, words: Words) -> str:
    addresses = " and ".join(
        f"`/d/{uid_of(board.name, Words(language, words.texts))}`" for language in LANGUAGES
    )
    rows = "".join(
        f"| {words.say('panel', board.name, panel.name, 'title')}"
        f" | {words.say('panel', board.name, panel.name, 'text')} |\n"
        for panel in board.panels
    )
    return (
        f"\n### {words.say('board', board.name, 'title')}\n\n"
        f"{words.say('board', board.name, 'text')} {addresses}, from"
        f" `grafana/source/boards/{board.name}.py`.\n\n"
        f"![Panels of the board]({SKETCHES.name}/{board.name}.svg)\n\n"
        f"| panel | shows |\n|---|---|\n{rows}\n"
    )
