"""Writes every board in every language below `grafana/dashboards/`, and their page and drawings in
the docs.
"""

from __future__ import annotations

import json
from pathlib import Path

from grafana.source.boards import BOARDS
from grafana.source.page import PAGE, SKETCHES, renewed
from grafana.source.sketch import drawn
from grafana.source.words import LANGUAGES, Words

DASHBOARDS = Path(__file__).parents[1] / "dashboards"


def dashboards() -> dict[Path, str]:
    """Content of each dashboard, by its path."""
    files = {}
    for language in LANGUAGES:
        words = Words.read(language)
        for board in BOARDS:
            content = json.dumps(board.json(words), indent=2, ensure_ascii=False)
            files[DASHBOARDS / language / f"{board.name}.json"] = content + "\n"
    return files


def generated() -> dict[Path, str]:
    """Content of each generated file, by its path."""
    words = Words.read("en")
    page = renewed(PAGE.read_text(encoding="utf-8"), BOARDS, words)
    sketches = {SKETCHES / f"{board.name}.svg": drawn(board, words) for board in BOARDS}
    return {**dashboards(), **sketches, PAGE: page}


def stale() -> list[Path]:
    """The files that are not what the source generates: other, missing, or too many."""
    wanted = generated()
    there = {*_written(), PAGE}
    other = [
        path
        for path, content in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    ]
    return sorted({*other, *(there - set(wanted))})


def _written() -> list[Path]:
    """The files that nobody else writes."""
    return [*DASHBOARDS.glob("*/*.json"), *SKETCHES.glob("*.svg")]


def main() -> None:
    wanted = generated()
    for path in _written():
        if path not in wanted:
            path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
