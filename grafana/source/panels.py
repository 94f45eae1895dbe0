"""Grafana's JSON of a dashboard and its panels, schema version 41 (read by Grafana 11 to 13).

A panel reads one statement on marts and draws what it returns. Facts about the data source that
the statements keep to: one statement a query, buckets in UTC, `time_series` needs a column `time`
in ascending order and turns text columns into series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

DATA_SOURCE = {"type": "grafana-postgresql-datasource", "uid": "rtm-warehouse"}
GRID_COLUMNS = 24

# Told apart also by those who do not see red and green; no state is told by colour alone.
BLUE, ORANGE, VERMILLION, GREY = "#0072B2", "#E69F00", "#D55E00", "#999999"


@dataclass(frozen=True)
class Panel:
    """One panel: what it is called in `words.yml`, how it draws, what it reads."""

    name: str
    kind: Literal["table", "timeseries"]
    width: int
    height: int
    sql: str
    unit: str = "none"
    columns: tuple[str, ...] = ()
    """Columns of a table whose heads are translated (`column_<name>` in the words)."""


@dataclass(frozen=True)
class Board:
    """One dashboard; panels are laid out in rows from left to right."""

    name: str
    panels: tuple[Panel, ...]
    range_from: str = "now-12h"
    refresh: str = "1m"


def dashboard(board: Board, words: dict[str, str], language: str) -> dict[str, Any]:
    """The JSON of one board in one language."""
    return {
        "uid": f"rtm-{board.name.replace('_', '-')}-{language}",
        "title": words[board.name],
        "description": words[f"{board.name}_description"],
        "tags": ["rtm", language],
        "schemaVersion": 41,
        "editable": False,
        "graphTooltip": 1,
        "refresh": board.refresh,
        "time": {"from": board.range_from, "to": "now"},
        "timezone": "browser",
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [],
        "panels": [
            _panel(number, panel, position, words)
            for number, (panel, position) in enumerate(_laid_out(board.panels), start=1)
        ],
    }


def _laid_out(panels: tuple[Panel, ...]) -> list[tuple[Panel, dict[str, int]]]:
    placed = []
    x = y = row_height = 0
    for panel in panels:
        if x + panel.width > GRID_COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        placed.append((panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}))
        x, row_height = x + panel.width, max(row_height, panel.height)
    return placed


def _panel(
    number: int, panel: Panel, position: dict[str, int], words: dict[str, str]
) -> dict[str, Any]:
    is_table = panel.kind == "table"
    return {
        "id": number,
        "type": panel.kind,
        "title": words[panel.name],
        "description": words[f"{panel.name}_description"],
        "gridPos": position,
        "datasource": DATA_SOURCE,
        "targets": [
            {
                "refId": "A",
                "datasource": DATA_SOURCE,
                "editorMode": "code",
                "format": "table" if is_table else "time_series",
                "rawQuery": True,
                "rawSql": panel.sql.strip(),
            }
        ],
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "noValue": "–", "custom": _drawn(panel)},
            "overrides": [_head(column, words) for column in panel.columns]
            + ([_verdict(words)] if "verdict" in panel.columns else []),
        },
        "options": {"showHeader": True} if is_table else {"legend": {"placement": "right"}},
    }


def _drawn(panel: Panel) -> dict[str, Any]:
    if panel.kind == "table":
        return {"align": "auto", "filterable": False}
    # A gap is a gap: joined points would hide an interval without a single call.
    return {"drawStyle": "line", "lineWidth": 2, "showPoints": "always", "spanNulls": False}


def _head(column: str, words: dict[str, str]) -> dict[str, Any]:
    return {
        "matcher": {"id": "byName", "options": column},
        "properties": [{"id": "displayName", "value": words[f"column_{column}"]}],
    }


def _verdict(words: dict[str, str]) -> dict[str, Any]:
    """Sign, word and colour of a state."""
    states = {
        "met": ("✓", BLUE),
        "missed": ("✗", ORANGE),
        "critical": ("‼", VERMILLION),
        "behind": ("⚠", ORANGE),
        "none": ("–", GREY),
    }
    return {
        "matcher": {"id": "byName", "options": "verdict"},
        "properties": [
            {"id": "custom.cellOptions", "value": {"type": "color-text"}},
            {
                "id": "mappings",
                "value": [
                    {
                        "type": "value",
                        "options": {
                            state: {
                                "text": f"{sign} {words[f'verdict_{state}']}",
                                "color": color,
                                "index": index,
                            }
                            for index, (state, (sign, color)) in enumerate(states.items())
                        },
                    }
                ],
            },
        ],
    }
