"""How long PostgreSQL takes for a panel of Grafana's boards, over a large centre with a long
history. Called where that history is already stored (`benchmarks.growth`)."""

from __future__ import annotations

import statistics
import time
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from benchmarks.results import Result
from grafana.source.asking import Span, asked, variable_values
from grafana.source.boards import BOARDS
from grafana.source.words import Words
from rtm.cycle import System
from rtm.warehouse import Role

TIMES = 5
GOAL_PANEL_MS = 500.0


def measure_boards(system: System, as_of: datetime, size: str) -> list[Result]:
    """The slowest panel, each opened as a reader opens it: all services, the first team."""
    words = Words.read("id")
    took: dict[str, tuple[float, int]] = {}
    with system.warehouse.engine(Role.READER).connect() as connection:
        for board in BOARDS:
            span = Span.of(board, as_of)
            values = variable_values(board, words, lambda sql: _rows(connection, sql), span)
            for panel in board.panels:
                for letter, sql in panel.statements.items():
                    own = span.of_panel(panel, as_of)
                    told = asked(words.statement(sql), own, values)
                    took[f"{board.name}/{panel.name}/{letter}"] = _measured(connection, told)
    _print(took)
    slowest = max(took, key=lambda name: took[name][0])
    detail = f"{slowest}; {len(took)} statements; {size}"
    return [Result("slowest_panel", took[slowest][0], "ms", GOAL_PANEL_MS, "<=", detail)]


def _measured(connection: Connection, sql: str) -> tuple[float, int]:
    """Median milliseconds, and the rows that came."""
    took, rows = [], 0
    for _ in range(TIMES):
        began = time.monotonic()
        rows = len(_rows(connection, sql))
        took.append((time.monotonic() - began) * 1000)
    return statistics.median(took), rows


def _rows(connection: Connection, sql: str) -> list[dict[str, Any]]:
    answer = connection.exec_driver_sql(sql.replace("%", "%%"))
    return [dict(row) for row in answer.mappings()]


def _print(took: dict[str, tuple[float, int]]) -> None:
    table = Table("panel", "median ms", "rows", title="The boards")
    for name, (median, rows) in sorted(took.items(), key=lambda told: -told[1][0]):
        table.add_row(name, f"{median:.0f}", str(rows))
    Console(highlight=False).print(table)
