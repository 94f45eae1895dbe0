"""Writes the data dictionary in both languages, docs/data-dictionary.*.md: `make dictionary`.

It is what dbt has read: a mart is in it as soon as its yml is there. What a column means stands
in that yml, or in `shared_columns.md` where several marts share it; nothing is worded here but
headings and units.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from sqlalchemy import make_url

from rtm.settings import REPOSITORY, Language, Settings
from rtm.warehouse import Warehouse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

LANGUAGES: tuple[Language, ...] = get_args(Language)
LAYERS = ("marts", "reports")
DOCS = REPOSITORY / "docs"

# A column's unit is carried by its name, or named by its `meta`.
SUFFIXES = {"_s": "seconds", "_s_sum": "seconds", "_min": "minutes", "_pct": "percent"}
UNITS = {
    "seconds": "detik",
    "minutes": "menit",
    "percent": "persen",
    "calls": "panggilan",
    "conversations": "percakapan",
    "agents": "agent",
    "shifts": "shift",
    "stretches": "rentang",
    "findings": "temuan",
}

WORDS = {
    "en": {
        "title": "Data dictionary",
        "intro": "Every table of the schema `marts`, as dbt builds it. The same in Indonesian:"
        " [data-dictionary.id.md](data-dictionary.id.md). How to query them, and what `as_of`,"
        " `is_provisional`, numerator and denominator are for: [analysts.md](analysts.md).",
        "mart": "Table",
        "grain": "One row is",
        "key": "Key",
        "heads": ("Column", "Type", "Unit", "Formula", "Meaning"),
    },
    "id": {
        "title": "Kamus data",
        "intro": "Semua tabel skema `marts`, sebagaimana dibuat dbt. Versi bahasa Inggris:"
        " [data-dictionary.en.md](data-dictionary.en.md). Cara membuat kueri, dan guna `as_of`,"
        " `is_provisional`, pembilang dan penyebut: [analysts.md](analysts.md).",
        "mart": "Tabel",
        "grain": "Arti satu baris",
        "key": "Kunci",
        "heads": ("Kolom", "Tipe", "Satuan", "Rumus", "Arti"),
    },
}


@dataclass(frozen=True)
class Column:
    """A column of a mart; a text that is missing is empty."""

    name: str
    data_type: str
    unit: str | None
    texts: dict[Language, str]

    @property
    def formulas(self) -> list[str]:
        """The versioned formulas that its description names, such as `scr/1`."""
        return re.findall(r"\b[a-z_]+/\d+\b", self.texts["en"])


@dataclass(frozen=True)
class Mart:
    """A mart or report as its yml describes it."""

    name: str
    is_enforced: bool
    key: tuple[str, ...]
    texts: dict[Language, str]
    columns: tuple[Column, ...]


def main() -> None:
    marts = read_marts(read_project(Settings.from_environment().home / "docs"))
    for path, content in pages(marts).items():
        path.write_text(content, encoding="utf-8")
        print(f"written: {path.relative_to(REPOSITORY)}", file=sys.stderr)


def read_project(state: Path, folder: Path = REPOSITORY / "dbt_project") -> Manifest:
    """The dbt project as dbt reads it; what dbt remembers of it goes into `state`."""
    from dbt.cli.main import dbtRunner

    # The profile wants an address; nothing connects to it.
    os.environ.update(Warehouse(make_url("postgresql://localhost/unused")).libpq)
    parsed = dbtRunner().invoke(
        [
            *("parse", "--quiet", "--project-dir", str(folder), "--profiles-dir", str(folder)),
            *("--target-path", str(state / "target"), "--log-path", str(state / "logs")),
        ]
    )
    if not parsed.success:
        raise SystemExit(f"the dbt project cannot be read: {parsed.exception}")
    return parsed.result  # type: ignore[return-value]


def read_marts(project: Manifest) -> list[Mart]:
    """All marts and reports by name."""
    nodes: list[Any] = list(project.nodes.values())
    keys = {
        node.attached_node: tuple(node.test_metadata.kwargs["columns"])
        for node in nodes
        if node.resource_type == "test"
        and node.test_metadata
        and node.test_metadata.name == "is_unique_by"
    }
    return [
        Mart(
            node.name,
            node.config.contract.enforced,
            keys.get(node.unique_id, ()),
            _texts(project, node),
            tuple(_column(project, column) for column in node.columns.values()),
        )
        for node in sorted(nodes, key=lambda node: node.name)
        if node.resource_type == "model" and node.fqn[1] in LAYERS
    ]


def pages(marts: list[Mart], docs: Path = DOCS) -> dict[Path, str]:
    """Content of each page, by its path."""
    return {
        docs / f"data-dictionary.{language}.md": _page(marts, language) for language in LANGUAGES
    }


def stale(marts: list[Mart], docs: Path = DOCS) -> list[Path]:
    """The pages that say something else than the descriptions."""
    return [
        path
        for path, content in pages(marts, docs).items()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    ]


def _column(project: Manifest, column: Any) -> Column:
    by_name = (unit for suffix, unit in SUFFIXES.items() if column.name.endswith(suffix))
    return Column(
        column.name,
        column.data_type or "",
        column.meta.get("unit") or next(by_name, None),
        _texts(project, column),
    )


def _texts(project: Manifest, described: Any) -> dict[Language, str]:
    """Its own Indonesian, or that of the shared block that it takes its English from."""
    twins = (project.docs.get(f"{block}_id") for block in described.doc_blocks)
    shared = next((twin.block_contents for twin in twins if twin), "")
    return {
        "en": described.description.strip(),
        "id": described.meta.get("id", shared).strip(),
    }


def _page(marts: list[Mart], language: Language) -> str:
    words: dict[str, Any] = WORDS[language]
    lines = [
        "<!-- Made by `make dictionary` from dbt_project/models; correct it there. -->",
        f"# {words['title']}",
        "",
        words["intro"],
        "",
        *_row(words["mart"], words["grain"]),
        *_row("---", "---"),
    ]
    for mart in marts:
        grain = re.split(r"(?<=\.)\s", mart.texts[language], maxsplit=1)[0]
        lines += _row(f"[{mart.name}](#{mart.name})", _cell(grain))
    for mart in marts:
        key = ", ".join(f"`{name}`" for name in mart.key)
        lines += ["", f"## {mart.name}", "", mart.texts[language], "", f"{words['key']}: {key}", ""]
        lines += [*_row(*words["heads"]), *_row(*("---" for _ in words["heads"]))]
        for column in mart.columns:
            unit = column.unit or ""
            lines += _row(
                f"`{column.name}`",
                column.data_type,
                UNITS.get(unit, "") if language == "id" else unit,
                ", ".join(dict.fromkeys(column.formulas)),
                _cell(column.texts[language]),
            )
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> list[str]:
    return [f"| {' | '.join(cells)} |"]


def _cell(text: str) -> str:
    """Text that a table of Markdown shows as it is: on one line, without a tag or a border."""
    return " ".join(text.split()).replace("<", "\\<").replace("|", "\\|")


if __name__ == "__main__":
    main()
