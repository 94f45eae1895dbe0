"""Writes every board in every language below `grafana/dashboards/`."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from grafana.source.boards import BOARDS
from grafana.source.panels import dashboard

SOURCE = Path(__file__).parent
DASHBOARDS = SOURCE.parent / "dashboards"
LANGUAGES = ("id", "en")


def generated() -> dict[Path, str]:
    """Content of each file, by its path."""
    texts = yaml.safe_load((SOURCE / "words.yml").read_text(encoding="utf-8"))
    files = {}
    for language in LANGUAGES:
        words = {name: text[language] for name, text in texts.items()}
        for board in BOARDS:
            content = json.dumps(dashboard(board, words, language), indent=2, ensure_ascii=False)
            files[DASHBOARDS / language / f"{board.name}.json"] = content + "\n"
    return files


def main() -> None:
    for path, content in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
