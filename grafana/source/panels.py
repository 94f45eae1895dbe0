"""What boards are made of: panels, columns and variables, and Grafana's JSON of each.

The JSON is that of schema version 41, which Grafana 11 to 13 read. What the statements keep to,
because the data source asks for it: one statement a query; buckets are UTC, so local days and hours
come from marts; macros take plain columns; numbers are float8 or integers; a series needs `time` in
ascending order, and turns texts into the names of its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from grafana.source.words import BLUE, GREY, ORANGE, SIGNS, Words

Json = dict[str, Any]

DATA_SOURCE = {"type": "grafana-postgresql-datasource", "uid": "rtm-warehouse"}
HEADING_PX = 18
"""Of a tile; left to itself Grafana makes it as small as the longest of them needs."""
UNITS = {"_s": "s", "_pct": "percent"}
"""Grafana's unit by the ending of a column."""

Kind = Literal["text", "number", "instant", "truth"]


@dataclass(frozen=True)
class Column:
    """A column of a table: what its cells hold, by which words they are told, where a click leads.

    A link begins with `desk:` or `board:`; a board opens with the same variables and times.
    """

    name: str
    kind: Kind
    states: str = ""
    link: str = ""


def texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "text") for name in names)


def numbers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "number") for name in names)


def instants(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "instant") for name in names)


def said(name: str, states: str, kind: Kind = "text") -> Column:
    """A column whose values are told by the words of a family of states."""
    return Column(name, kind, states)


AGENT_ID = Column("agent_id", "text", link="desk:/coaching/agents/${__data.fields.agent_id}")
"""An agent, who leads to what the desk knows of their coaching."""


@dataclass(frozen=True)
class Variable:
    """What the reader of a board chooses; `sql` gives `__text` and `__value`."""

    name: str
    sql: str
    is_multi: bool = False
    is_hidden: bool = False

    def json(self, words: Words) -> Json:
        everything = {"text": ["All"], "value": ["$__all"]} if self.is_multi else {}
        return {
            "type": "query",
            "name": self.name,
            "label": words.say("variable", self.name),
            "datasource": DATA_SOURCE,
            "query": words.statement(self.sql),
            "refresh": 1,
            "sort": 0,
            "multi": self.is_multi,
            "includeAll": self.is_multi,
            "hide": 2 if self.is_hidden else 0,
            "current": everything,
            "options": [],
        }


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel. Its number is pinned: links and alerts name it, so it never changes."""

    id: int
    name: str
    sql: str
    width: int
    height: int
    repeat: str = ""
    """The variable of whose values each gets a panel of its own."""
    looks_back: str = ""
    """A range of its own up to now, such as 14d, whatever is chosen above the board."""

    type: ClassVar[str]
    format: ClassVar[Literal["table", "time_series"]] = "table"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        """What the statement has to return."""
        raise NotImplementedError

    @property
    def statements(self) -> dict[str, str]:
        """By the letter under which Grafana knows the query."""
        return {"A": self.sql}

    def json(self, board: str, position: Json, words: Words) -> Json:
        path = ("panel", board, self.name)
        drawn: Json = {
            "id": self.id,
            "type": self.type,
            "title": words.say(*path, "title"),
            "description": words.say(*path, "text"),
            "gridPos": position,
            "datasource": DATA_SOURCE,
            "targets": [
                {
                    "refId": letter,
                    "datasource": DATA_SOURCE,
                    "editorMode": "code",
                    "format": self.format,
                    "rawQuery": True,
                    "rawSql": words.statement(sql),
                }
                for letter, sql in self.statements.items()
            ],
            "fieldConfig": {
                "defaults": {"noValue": words.say("no_value"), **self.defaults(board, words)},
                "overrides": self.overrides(words),
            },
            "options": self.options(),
        }
        if transformations := self.transformations():
            drawn["transformations"] = transformations
        if self.looks_back:
            drawn["timeFrom"] = self.looks_back
        if self.repeat:
            drawn |= {"repeat": self.repeat, "repeatDirection": "h", "maxPerRow": 4}
        return drawn

    def defaults(self, board: str, words: Words) -> Json:
        raise NotImplementedError

    def overrides(self, words: Words) -> list[Json]:
        return []

    def options(self) -> Json:
        raise NotImplementedError

    def transformations(self) -> list[Json]:
        return []


@dataclass(frozen=True, kw_only=True)
class Tiles(Panel):
    """A large tile per row, to be read from afar: sign, value and word on the colour of its state.

    `told` is the state, and behind a bar the value. How both are put together stands with the words
    of the panel (`form`), else the value stands between sign and word.
    """

    states: str
    is_titled: bool = True
    """Each tile has a heading: Grafana takes the other text of the row, `title`."""

    type = "stat"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        return texts("title", "told") if self.is_titled else texts("told")

    def defaults(self, board: str, words: Words) -> Json:
        path = ("panel", board, self.name, "form")
        form = words.say(*path) if words.has(*path) else words.say("tile")
        mappings: list[Json] = []
        for state, (sign, word, colour) in words.states(self.states).items():
            with_value = form.format(sign=sign, word=word, value="$1").strip()
            place = len(mappings)
            mappings.append(
                {
                    "type": "regex",
                    "options": {
                        "pattern": rf"/^{state}\|(.+)$/",
                        "result": {"text": with_value, "color": colour, "index": place},
                    },
                }
            )
            mappings.append(
                {
                    "type": "value",
                    "options": {
                        state: {"text": f"{sign} {word}", "color": colour, "index": place + 1}
                    },
                }
            )
        return {"mappings": mappings, "color": {"mode": "fixed", "fixedColor": GREY}}

    def options(self) -> Json:
        heading = {"text": {"titleSize": HEADING_PX}} if self.is_titled else {}
        return heading | {
            "reduceOptions": {"values": True, "calcs": [], "fields": "/^told$/", "limit": 60},
            "textMode": "value_and_name" if self.is_titled else "value",
            "colorMode": "background_solid",
            "graphMode": "none",
            "justifyMode": "center",
            "orientation": "auto",
            "wideLayout": False,
        }


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """Rows in the order of the statement."""

    columns: tuple[Column, ...]

    type = "table"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        return self.columns

    def defaults(self, board: str, words: Words) -> Json:
        return {"custom": {"align": "auto", "filterable": True, "inspect": False}}

    def overrides(self, words: Words) -> list[Json]:
        return [_cell(column, words) for column in self.columns]

    def options(self) -> Json:
        return {"showHeader": True, "cellHeight": "sm"}


@dataclass(frozen=True, kw_only=True)
class Curves(Panel):
    """A line per `metric`. A second statement gives what each should be, drawn dashed."""

    unit: str = "none"
    target: str = ""
    has_steps: bool = False
    """Values hold for the whole interval."""

    type = "timeseries"
    format = "time_series"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        return SERIES

    @property
    def statements(self) -> dict[str, str]:
        return {"A": self.sql} | ({"B": self.target} if self.target else {})

    def defaults(self, board: str, words: Words) -> Json:
        return {
            "unit": self.unit,
            "color": {"mode": "shades", "fixedColor": BLUE},
            "custom": {
                "drawStyle": "line",
                "lineInterpolation": "stepAfter" if self.has_steps else "linear",
                "lineWidth": 2,
                "showPoints": "auto",
                # A gap is a gap: joined points would hide an interval without a single call.
                "spanNulls": False,
            },
        }

    def overrides(self, words: Words) -> list[Json]:
        dashed = [
            {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
            {"id": "custom.lineWidth", "value": 1},
            {"id": "custom.showPoints", "value": "never"},
            {"id": "color", "value": {"mode": "shades", "fixedColor": ORANGE}},
        ]
        matcher = {"id": "byFrameRefID", "options": "B"}
        return [{"matcher": matcher, "properties": dashed}] if self.target else []

    def options(self) -> Json:
        return {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}


@dataclass(frozen=True, kw_only=True)
class HeatMap(Panel):
    """A row of cells per `metric`, darker for more; the figure stands in the cell where it fits."""

    unit: str = "none"
    is_worse_when_low: bool = False

    type = "heatmap"
    format = "time_series"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        return SERIES

    def defaults(self, board: str, words: Words) -> Json:
        return {"unit": self.unit, "custom": {"hideFrom": HIDDEN_NOWHERE}}

    def options(self) -> Json:
        return {
            "calculate": False,
            "cellGap": 1,
            "cellValues": {"unit": self.unit, "decimals": 0},
            "showValue": "auto",
            "color": {
                "mode": "scheme",
                "scheme": "Oranges" if self.is_worse_when_low else "Blues",
                "fill": BLUE,
                "reverse": self.is_worse_when_low,
                "exponent": 0.5,
                "steps": 16,
            },
            "yAxis": {"axisPlacement": "left"},
            "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": True},
            "legend": {"show": True},
        }


@dataclass(frozen=True, kw_only=True)
class Timeline(Panel):
    """A row of bars per `lane`, each from `time` to `time_end` in one state.

    The statement says when a bar ends: drawn from changes alone, the change of one lane would cut
    the bars of all others.
    """

    states: str

    type = "state-timeline"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        return (*instants("time", "time_end"), *texts("lane", "state"))

    def defaults(self, board: str, words: Words) -> Json:
        return {
            "displayName": "${__field.labels.lane}",
            "mappings": [_mapping(self.states, words)],
            "color": {"mode": "fixed", "fixedColor": GREY},
            "custom": {"fillOpacity": 85, "lineWidth": 0},
        }

    def options(self) -> Json:
        return {
            "mergeValues": True,
            "showValue": "auto",
            "alignValue": "left",
            "rowHeight": 0.85,
            "perPage": 40,
            "legend": LEGEND,
            "tooltip": {"mode": "single", "sort": "none"},
        }

    def transformations(self) -> list[Json]:
        return [_by_lane()]


@dataclass(frozen=True, kw_only=True)
class History(Timeline):
    """A cell per `lane` and `time`, in the colour of its state."""

    type = "status-history"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        return (*instants("time"), *texts("lane", "state"))

    def options(self) -> Json:
        return {
            "showValue": "auto",
            "rowHeight": 0.85,
            "colWidth": 0.95,
            "legend": LEGEND,
            "tooltip": {"mode": "single", "sort": "none"},
        }


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """A bar per row, as long as its `amount`."""

    unit: str = "none"

    type = "barchart"

    @property
    def columns_drawn(self) -> tuple[Column, ...]:
        return (*texts("label"), *numbers("amount"))

    def defaults(self, board: str, words: Words) -> Json:
        return {
            "unit": self.unit,
            "color": {"mode": "fixed", "fixedColor": BLUE},
            "custom": {"fillOpacity": 85, "lineWidth": 0},
        }

    def overrides(self, words: Words) -> list[Json]:
        return [_cell(column, words) for column in self.columns_drawn]

    def options(self) -> Json:
        return {
            "xField": "label",
            "orientation": "horizontal",
            "showValue": "always",
            "stacking": "none",
            "barWidth": 0.8,
            "groupWidth": 0.7,
            "legend": {**LEGEND, "showLegend": False},
            "tooltip": {"mode": "single", "sort": "none"},
            "xTickLabelRotation": 0,
            "xTickLabelMaxLength": 60,
            "fullHighlight": False,
        }


SERIES: tuple[Column, ...] = (
    *instants("time"),
    *texts("metric"),
    *numbers("value"),
)
LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
HIDDEN_NOWHERE: Json = {"tooltip": False, "legend": False, "viz": False}


def _by_lane() -> Json:
    return {
        "id": "partitionByValues",
        "options": {"fields": ["lane"], "keepFields": False, "naming": {"asLabels": True}},
    }


def _mapping(family: str, words: Words) -> Json:
    """Sign, word and colour of each state."""
    told: Json = {}
    for place, (state, (sign, word, colour)) in enumerate(words.states(family).items()):
        told[state] = {"text": f"{sign} {word}".strip(), "index": place}
        if colour:
            told[state]["color"] = colour
    return {"type": "value", "options": told}


def _cell(column: Column, words: Words) -> Json:
    properties: list[Json] = [
        {"id": "displayName", "value": words.say("column", column.name)},
    ]
    unit = next((u for ending, u in UNITS.items() if column.name.endswith(ending)), None)
    if unit and column.kind == "number":
        properties.append({"id": "unit", "value": unit})
    if column.states:
        properties.append({"id": "mappings", "value": [_mapping(column.states, words)]})
        if column.states in SIGNS:
            properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    if column.link:
        properties.append({"id": "links", "value": [link_of(column.link, words)]})
    return {"matcher": {"id": "byName", "options": column.name}, "properties": properties}


def link_of(link: str, words: Words) -> Json:
    """Where a click leads: to a page of the desk, or to another board."""
    where, _, place = link.partition(":")
    if where == "desk":
        return {
            "title": words.say("link", "desk"),
            "url": f"${{desk:raw}}{place}",
            "targetBlank": True,
        }
    return {
        "title": words.say("board", place, "title"),
        "url": f"/d/{uid_of(place, words)}?${{service:queryparam}}&${{__url_time_range}}",
    }


def uid_of(board: str, words: Words) -> str:
    """The address of a board in a language; pinned, for people keep it."""
    return f"rtm-{board}-{words.language}"
