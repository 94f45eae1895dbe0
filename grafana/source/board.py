"""A dashboard: its panels laid out, its variables, and the links from and to the others."""

from __future__ import annotations

from dataclasses import dataclass

from grafana.source.panels import Json, Panel, Variable, uid_of
from grafana.source.words import LANGUAGES, Words

GRID_COLUMNS = 24
SCHEMA_VERSION = 41
TAG = "rtm"
CYCLE = "1m"
"""Nothing changes faster than the cycle, so no board is renewed faster."""
WALL = "wall"


@dataclass(frozen=True)
class Board:
    """One dashboard; panels are laid out in rows from left to right."""

    name: str
    """Of its file, its words and its address."""
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...] = ()
    range_from: str = "now-12h"
    range_to: str = "now"
    refresh: str = CYCLE

    def json(self, words: Words) -> Json:
        """The board in one language."""
        return {
            "uid": uid_of(self.name, words),
            "title": words.say("board", self.name, "title"),
            "description": words.say("board", self.name, "text"),
            "tags": [TAG, f"{TAG}-{words.language}"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": self.refresh,
            "time": {"from": self.range_from, "to": self.range_to},
            "timezone": "browser",
            "weekStart": "monday",
            "templating": {"list": [variable.json(words) for variable in self.variables]},
            "annotations": {"list": []},
            "links": self._links(words),
            "panels": [
                panel.json(self.name, position, words) for panel, position in self._laid_out()
            ],
        }

    def _links(self, words: Words) -> list[Json]:
        other = next(language for language in LANGUAGES if language != words.language)
        same = Words(other, words.texts)
        links = [
            _link(words.say("link", "boards"), tags=[f"{TAG}-{words.language}"]),
            _link(words.say("link", "language"), url=f"/d/{uid_of(self.name, same)}"),
            _link(words.say("link", "desk"), url="${desk:raw}/", is_outside=True),
        ]
        if self.name != WALL:
            wall = _link(words.say("board", WALL, "title"), url=f"/d/{uid_of(WALL, words)}")
            links.insert(0, wall)
        return links

    def _laid_out(self) -> list[tuple[Panel, Json]]:
        placed = []
        x = y = row_height = 0
        for panel in self.panels:
            if x + panel.width > GRID_COLUMNS:
                x, y, row_height = 0, y + row_height, 0
            placed.append((panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}))
            x, row_height = x + panel.width, max(row_height, panel.height)
        return placed


def _link(
    title: str, url: str = "", tags: list[str] | None = None, is_outside: bool = False
) -> Json:
    """A link above the board: to one address, or to all boards with a tag."""
    return {
        "type": "dashboards" if tags else "link",
        "title": title,
        "tooltip": "",
        "icon": "external link" if is_outside else "dashboard",
        "url": url,
        "tags": tags or [],
        "asDropdown": bool(tags),
        "targetBlank": is_outside,
        "includeVars": not is_outside,
        "keepTime": not is_outside,
    }
