"""How the panels of a board lie, as a drawing for docs/dashboards.md: title and kind of each.

Drawn from the same JSON that Grafana reads. It shows no figures, for those come from a warehouse.
"""

from __future__ import annotations

import textwrap
from xml.etree import ElementTree

from grafana.source.board import GRID_COLUMNS, Board
from grafana.source.panels import Json
from grafana.source.words import Words

CELL, ROW, GAP = 40, 22, 6
LETTER = 8.5
"""Pixels of a letter of a title, on average."""
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1f2933}.kind{font-size:12px;fill:#52606d}"
    "rect{fill:#f5f7fa;stroke:#7b8794}"
)


def drawn(board: Board, words: Words) -> str:
    """The drawing as SVG."""
    told = board.json(words)
    width = GRID_COLUMNS * CELL
    height = max(ROW * (at["y"] + at["h"]) for at in _positions(told))
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
        },
    )
    ElementTree.SubElement(svg, "title").text = told["title"]
    ElementTree.SubElement(svg, "style").text = STYLE
    for panel in told["panels"]:
        _draw(svg, panel)
    ElementTree.indent(svg)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def _positions(told: Json) -> list[Json]:
    return [panel["gridPos"] for panel in told["panels"]]


def _draw(svg: ElementTree.Element, panel: Json) -> None:
    at = panel["gridPos"]
    x, y = at["x"] * CELL + GAP / 2, at["y"] * ROW + GAP / 2
    width, height = at["w"] * CELL - GAP, at["h"] * ROW - GAP
    box = {"x": x, "y": y, "width": width, "height": height, "rx": 3}
    ElementTree.SubElement(svg, "rect", {name: f"{value:g}" for name, value in box.items()})
    lines = textwrap.wrap(panel["title"], int((width - 2 * GAP) / LETTER))
    for number, line in enumerate(lines):
        _write(svg, x + GAP, y + 20 + 18 * number, line)
    _write(svg, x + GAP, y + height - GAP, panel["type"], "kind")


def _write(svg: ElementTree.Element, x: float, y: float, line: str, kind: str = "") -> None:
    given = {"class": kind} if kind else {}
    ElementTree.SubElement(svg, "text", {"x": f"{x:g}", "y": f"{y:g}", **given}).text = line
