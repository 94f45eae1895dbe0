"""A statement as Grafana sends it to PostgreSQL: variables put in, then macros expanded.

For those who ask the panels' questions without a Grafana: the tests and the benchmark. What Grafana
would refuse is refused here: a `$word(` that is no macro, and a macro with a bracket among its
arguments, for it ends at the first `)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from grafana.source.board import Board
from grafana.source.panels import Panel
from grafana.source.words import Words

Values = Mapping[str, str | list[str]]
"""Of each variable: one value, or several where several may be chosen."""

VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
MACRO = re.compile(r"\$(\w+)\(([^)]*)\)")
RELATIVE = re.compile(r"now(?:([+-])(\d+)([mhdwMy]))?(?:/([dwMy]))?")
LENGTHS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "M": timedelta(days=30),
    "y": timedelta(days=365),
}


class RefusedError(ValueError):
    """Grafana would answer with an error, or send something else than is meant."""


@dataclass(frozen=True)
class Span:
    """The time range above a board."""

    begin: datetime
    end: datetime

    @classmethod
    def of(cls, board: Board, now: datetime) -> Span:
        return cls(_moment(board.range_from, now), _moment(board.range_to, now, is_end=True))

    def of_panel(self, panel: Panel, now: datetime) -> Span:
        """What the panel asks for: the range of its board, or its own."""
        if not panel.looks_back:
            return self
        return Span(_moment(f"now-{panel.looks_back}", now), now)


def asked(sql: str, span: Span, values: Values) -> str:
    """The statement that PostgreSQL gets."""
    return _expand(_interpolate(sql, values), span)


def variable_values(
    board: Board, words: Words, ask: Callable[[str], list[dict[str, Any]]], span: Span
) -> dict[str, str | list[str]]:
    """What stands in each variable when the board is opened: all, or the first."""
    values: dict[str, str | list[str]] = {}
    for variable in board.variables:
        found = ask(asked(words.statement(variable.sql), span, values))
        told = [str(row["__value"]) for row in found]
        values[variable.name] = told if variable.is_multi else (told or [""])[0]
    return values


def _interpolate(sql: str, values: Values) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in values:
            return found[0]
        told = values[name]
        if isinstance(told, str):
            return told.replace("'", "''")
        return ",".join("'" + one.replace("'", "''") + "'" for one in told)

    return VARIABLE.sub(value, sql)


def _expand(sql: str, span: Span) -> str:
    begin, end = (f"'{moment:%Y-%m-%dT%H:%M:%SZ}'" for moment in (span.begin, span.end))

    def expand(found: re.Match[str]) -> str:
        name, argument = found.groups()
        if "(" in argument:
            raise RefusedError(f"${name}({argument}): an expression")
        if name == "__timeFilter" and argument:
            return f"{argument} BETWEEN {begin} AND {end}"
        if name == "__timeFrom":
            return begin
        if name == "__timeTo":
            return end
        raise RefusedError(f"${name}({argument})")

    expanded = MACRO.sub(expand, sql)
    if "$" in expanded:
        raise RefusedError(expanded[expanded.index("$") :][:40])
    return expanded


def _moment(told: str, now: datetime, is_end: bool = False) -> datetime:
    found = RELATIVE.fullmatch(told)
    if found is None:
        raise ValueError(f"no time range of Grafana: {told}")
    sign, count, unit, rounded = found.groups()
    moment = now
    if count:
        moment += (1 if sign == "+" else -1) * int(count) * LENGTHS[unit]
    if rounded:
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if rounded in "My":
            moment = moment.replace(day=1)
        if is_end:
            moment += LENGTHS[rounded] - timedelta(seconds=1)
    return moment
