"""Every panel's statement runs as the reader on a real warehouse and returns what it draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from grafana.source.asking import RefusedError, Span, asked
from grafana.source.board import Board
from grafana.source.boards import BOARDS
from grafana.source.panels import SERIES, Panel, Table, Tiles, Timeline
from grafana.source.words import Words
from scripts.readme import CLOCK

TYPES = {
    "text": {"text", "varchar"},
    "number": {"float8", "int8", "int4"},
    "instant": {"timestamptz"},
    "truth": {"bool"},
}
"""What the data source makes of each is known; of a numeric or an enum it is not."""

EVERY = [
    pytest.param(board, panel, letter, id=f"{board.name}-{panel.name}-{letter}")
    for board in BOARDS
    for panel in board.panels
    for letter in panel.statements
]

Rows = Sequence[dict[str, Any]]


def faults(panel: Panel, types: dict[str, str], rows: Rows, words: Words) -> list[str]:
    """What keeps a panel from drawing what its statement returned."""
    found = []
    wanted = {column.name: column for column in panel.columns_drawn}
    if list(types) != list(wanted):
        return [f"returns {list(types)}, draws {list(wanted)}"]
    found += [
        f"{name} is {type_name}, drawn as {wanted[name].kind}"
        for name, type_name in types.items()
        if type_name not in TYPES[wanted[name].kind]
    ]
    if panel.format == "time_series":
        times = [row["time"] for row in rows]
        if times != sorted(times):
            found.append("time does not ascend")
    if isinstance(panel, Timeline) and "time_end" in types:
        found += _overlaps(rows)
    return found + _untold(panel, rows, words)


def _overlaps(rows: Rows) -> list[str]:
    lanes: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lanes.setdefault(row["lane"], []).append(row)
    return [
        f"{lane}: a bar ends before it begins, or the next begins before it ends"
        for lane, bars in lanes.items()
        if any(bar["time"] >= bar["time_end"] for bar in bars)
        or any(one["time_end"] > other["time"] for one, other in pairwise(bars))
    ]


def _untold(panel: Panel, rows: Rows, words: Words) -> list[str]:
    """States without a word."""
    families: dict[str, str] = {}
    if isinstance(panel, Table):
        families = {column.name: column.states for column in panel.columns if column.states}
    elif isinstance(panel, Tiles):
        families = {"told": panel.states}
    elif isinstance(panel, Timeline):
        families = {"state": panel.states}
    return [
        f"{name}: no word for {state}"
        for name, family in families.items()
        for state in sorted({_state(row[name]) for row in rows if row[name] is not None})
        if state not in words.states(family)
    ]


def _state(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).partition("|")[0]


def answer(
    reader: psycopg.Connection[dict[str, Any]], sql: str
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Columns with the names of their types, and the rows."""
    cursor = reader.execute(sql)
    types = {
        column.name: reader.adapters.types[column.type_code].name
        for column in cursor.description or ()
    }
    return types, cursor.fetchall()


@pytest.mark.parametrize(("board", "panel", "letter"), EVERY)
def test_a_panel_gets_what_it_draws(board: Board, panel: Panel, letter: str, reader, chosen):
    words = Words.read("id")
    sql = words.statement(panel.statements[letter])
    span = Span.of(board, CLOCK).of_panel(panel, CLOCK)
    types, rows = answer(reader, asked(sql, span, chosen[board.name]))
    assert rows, "a panel that shows nothing here shows nothing anywhere"
    assert faults(panel, types, rows, words) == []


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(CLOCK - timedelta(days=400), id="before there was anything"),
        pytest.param(CLOCK.replace(hour=0, minute=0), id="at midnight"),
    ],
)
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_board_answers_whatever_the_time(board: Board, now: datetime, reader, chosen):
    words = Words.read("en")
    for panel in board.panels:
        for sql in panel.statements.values():
            span = Span.of(board, now).of_panel(panel, now)
            told = asked(words.statement(sql), span, chosen[board.name])
            types, rows = answer(reader, told)
            assert faults(panel, types, rows, words) == [], panel.name


def test_a_name_with_a_quote_is_asked_for_as_it_is(reader, chosen):
    board = BOARDS[0]
    values = {**chosen[board.name], "service": ["O'Brien", "KARTU"]}
    sql = Words.read("en").statement(board.panels[1].sql)
    _, rows = answer(reader, asked(sql, Span.of(board, CLOCK), values))
    assert len(rows) == 1


WORDS = Words.read("en")
LINE = next(panel for panel in BOARDS[1].panels if panel.columns_drawn == SERIES)
LANES = next(panel for panel in BOARDS[2].panels if type(panel) is Timeline)
TILES = next(panel for panel in BOARDS[0].panels if isinstance(panel, Tiles) and panel.is_titled)
SERIES_TYPES = {"time": "timestamptz", "metric": "text", "value": "float8"}
EARLY, LATE = CLOCK, CLOCK + timedelta(hours=1)


@pytest.mark.parametrize(
    ("panel", "types", "rows", "fault"),
    [
        (LINE, {"time": "timestamptz"}, [], "returns ['time'], draws"),
        (LINE, SERIES_TYPES | {"value": "numeric"}, [], "value is numeric, drawn as number"),
        (LINE, SERIES_TYPES | {"time": "date"}, [], "time is date, drawn as instant"),
        (LINE, SERIES_TYPES, [{"time": LATE}, {"time": EARLY}], "time does not ascend"),
        (
            LANES,
            {"time": "timestamptz", "time_end": "timestamptz", "lane": "text", "state": "text"},
            [{"time": LATE, "time_end": EARLY, "lane": "Ani", "state": "ready"}],
            "Ani: a bar ends before it begins",
        ),
        (
            LANES,
            {"time": "timestamptz", "time_end": "timestamptz", "lane": "text", "state": "text"},
            [{"time": EARLY, "time_end": LATE, "lane": "Ani", "state": "dancing"}],
            "state: no word for dancing",
        ),
        (
            TILES,
            {"title": "text", "told": "text"},
            [{"title": "x", "told": "splendid|3"}],
            "told: no word for splendid",
        ),
    ],
)
def test_each_fault_of_an_answer_is_seen(panel: Panel, types, rows, fault: str):
    found = faults(panel, types, rows, WORDS)
    assert len(found) == 1 and found[0].startswith(fault)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 where $__timeFilter(date_trunc('day', started_at))",
        "select $__timeGroup(started_at, '1d')",
        "select $team",
        "select 1 where x ~ '^a$'",
    ],
)
def test_what_grafana_would_refuse_is_refused(sql: str):
    with pytest.raises(RefusedError):
        asked(sql, Span(EARLY, LATE), {})


@pytest.mark.parametrize(
    "statement",
    [
        "insert into ops.clock default values",
        "create table mine (x int)",
        "select * from ops.outbox",
        "select * from raw.call",
    ],
)
def test_the_boards_can_neither_write_nor_read_more_than_marts(reader, statement: str):
    with pytest.raises(
        (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
    ):
        reader.execute(statement)


def test_a_statement_of_a_board_is_cut_off(reader):
    with pytest.raises(psycopg.errors.QueryCanceled):
        reader.execute("set statement_timeout = '50ms'; select pg_sleep(5)")
    reader.execute("reset statement_timeout")
    assert reader.execute("show statement_timeout").fetchone() == {"statement_timeout": "30s"}
