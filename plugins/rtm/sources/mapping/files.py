"""Reads mapping files and checks them: against a schema first, then against the canonical feeds.

Every scalar of YAML is text here, so that `no` is a word and `01` keeps its nought.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from rtm.sources.feed import Column, Feed, Kind
from rtm.sources.mapping.cells import (
    CLOCK_UNIT,
    NAME,
    SUFFIXES,
    UNITS,
    UNIX_TIMES,
    Dialect,
    MappedCell,
    MappedFeed,
)

LARGEST_FILE = 1 << 20
MAPPING_SUFFIXES = (".yml", ".yaml")
EMPTY = ("", "~", "null")
TEXT = {"type": "string"}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "feed", "columns"],
    "additionalProperties": False,
    "hint": "write keys and values, as in docs/mappings.md",
    "properties": {
        "name": {
            "type": "string",
            "pattern": f"^{NAME}$",
            "hint": "the name is a folder's: small letters, digits, _ and - only",
        },
        "feed": TEXT | {"hint": "give the name of one feed"},
        "delimiter": {
            "type": "string",
            "pattern": "^(.|\\t|\\\\t|tab)$",
            "hint": 'give one character, such as ";", or tab',
        },
        "encoding": TEXT | {"hint": "give a name such as utf-8 or cp1252"},
        "sheet": TEXT | {"hint": "give the name of one sheet"},
        "header_row": {
            "type": "string",
            "pattern": "^[1-9][0-9]{0,5}$",
            "hint": "give the number of the row, counted from 1",
        },
        "time_zone": TEXT | {"hint": "give a zone such as Asia/Jakarta"},
        "time_format": TEXT | {"hint": 'give a format such as "%d/%m/%Y %H:%M:%S"'},
        "date_format": TEXT | {"hint": 'give a format such as "%d/%m/%Y"'},
        "unused": {
            "type": "array",
            "items": TEXT,
            "hint": "give a list of columns of the export",
        },
        "columns": {
            "type": "object",
            "minProperties": 1,
            "hint": "give canonical columns, each with the column of the export it comes from",
            "additionalProperties": {
                "type": "object",
                "hint": "give a column's name, or {column: …}, {columns: […]} or {value: …}",
                "additionalProperties": False,
                "properties": {
                    "column": TEXT | {"hint": "give one column of the export"},
                    "columns": {
                        "type": "array",
                        "items": TEXT,
                        "minItems": 1,
                        "hint": "give a list of columns of the export",
                    },
                    "value": TEXT | {"hint": "give one value for all rows"},
                    "values": {
                        "type": "object",
                        "additionalProperties": TEXT,
                        "hint": "give the export's values, each with what it means",
                    },
                    "otherwise": TEXT | {"hint": "give one value"},
                    "unit": {
                        "enum": [*UNITS, CLOCK_UNIT],
                        "hint": f"give one of {', '.join([*UNITS, CLOCK_UNIT])}",
                    },
                    "time_format": TEXT | {"hint": 'give a format such as "%d/%m/%Y"'},
                },
                "oneOf": [{"required": [key]} for key in ("column", "columns", "value")],
            },
        },
    },
}
Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = Draft202012Validator(SCHEMA)

Path_ = tuple[str | int, ...]


class MappingError(ValueError):
    """A mapping file that cannot be used; each line of the message is one thing to correct."""

    def __init__(self, problems: list[str], name: str | None = None) -> None:
        super().__init__("\n".join(problems))
        self.name = name
        """Of the mapping, where it could be read."""


@dataclass(frozen=True)
class Mappings:
    """The mapping files of a site: the feeds they describe, and what is wrong with the others."""

    feeds: dict[str, MappedFeed] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    """Why a file cannot be used and which folder therefore waits, by the file's name."""


def read_mappings(folder: Path, canonical: Mapping[str, Feed], taken: frozenset[str]) -> Mappings:
    """All mapping files of a folder, which need not exist."""
    found = Mappings()
    if not folder.is_dir():
        return found
    read: dict[str, list[tuple[Path, MappedFeed]]] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix in MAPPING_SUFFIXES):
        if path.name.startswith("."):
            continue
        try:
            feed = read_mapping(path, canonical, taken)
            read.setdefault(feed.name, []).append((path, feed))
        except MappingError as error:
            waits = error.name or path.stem
            found.broken[path.name] = f"{error}\nthe folder {waits} is not read until then"
    for name, mappings in read.items():
        if len(mappings) == 1:
            found.feeds[name] = mappings[0][1]
            continue
        for path, _ in mappings:
            others = ", ".join(other.name for other, _ in mappings if other != path)
            found.broken[path.name] = (
                f"{path.name}: name: {name} is also the name of {others}; give each its own\n"
                f"the folder {name} is not read until then"
            )
    return found


def read_mapping(
    path: Path, canonical: Mapping[str, Feed], taken: frozenset[str] = frozenset()
) -> MappedFeed:
    """The feed that a mapping file describes, whose name is not taken by another source; raises
    MappingError with all that is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MappingError([f"{path.name}: cannot be read: {error.strerror}"]) from error
    if len(content) > LARGEST_FILE:
        raise MappingError([f"{path.name}: larger than 1 MB; that is no mapping"])
    document = _Document(path.name)
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
        value = document.read(root, ())
    except UnicodeDecodeError as error:
        raise MappingError([f"{path.name}: is not UTF-8 text; save it as UTF-8"]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MappingError(
            [f"{path.name}:{line}: this is not YAML: {error.problem}; look at indents and quotes"]
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise MappingError([f"{path.name}: this is not YAML: {error}"]) from error
    if not document.problems:
        document.problems += document.schema_problems(value)
    feed = None
    if not document.problems:
        digest = hashlib.sha256(content).hexdigest()
        feed = _Description(document, value, canonical, taken).feed(digest)
    if document.problems or feed is None:
        name = value.get("name") if isinstance(value, dict) else None
        raise MappingError(document.problems, name if isinstance(name, str) else None)
    return feed


class _Document:
    """The values of a YAML file as text, and the line of each key."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.problems: list[str] = []
        self.lines: dict[Path_, int] = {}
        self._seen: set[int] = set()

    def problem(self, path: Path_, message: str) -> None:
        self.problems.append(self.told(path, message))

    def told(self, path: Path_, message: str) -> str:
        line = next(
            (self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), 1
        )
        key = ".".join(map(str, path))
        return f"{self.file_name}:{line}: {key + ': ' if key else ''}{message}"

    def read(self, node: yaml.Node | None, path: Path_) -> Any:
        if node is None:
            return None
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            self.problem(path, "refers to another place of the file; write it out")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, n)) for n, item in enumerate(node.value)]
        return node.value

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.problem(path, "has a key that is no word; quote it")
                continue
            place = (*path, key.value)
            if key.value in read:
                self.problems.append(
                    f"{self.file_name}:{line}: {'.'.join(map(str, place))}: stands twice;"
                    f" keep one (the other is in line {self.lines[place]})"
                )
            self.lines[place] = line
            read[key.value] = self.read(value, place)
            if place[:-1] == ("columns",) and isinstance(read[key.value], str):
                read[key.value] = {"column": read[key.value]}
        return read

    def schema_problems(self, value: Any) -> Iterator[str]:
        for error in VALIDATOR.iter_errors(value):
            path = tuple(error.absolute_path)
            hint = error.schema.get("hint", "see docs/mappings.md")
            if error.validator == "additionalProperties" and isinstance(error.instance, dict):
                known = sorted(error.schema["properties"])
                for key in error.instance.keys() - set(known):
                    yield self.told((*path, key), f"is not a known key; {_nearest(key, known)}")
            elif error.validator == "required":
                for key in error.validator_value:
                    if key not in error.instance:
                        yield self.told(path, f"the key {key} is missing; add it")
            else:
                yield self.told(path, hint)


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


class _Description:
    """A mapping of the right form, held against the canonical feeds."""

    def __init__(
        self,
        document: _Document,
        value: dict[str, Any],
        known: Mapping[str, Feed],
        taken: frozenset[str],
    ) -> None:
        self.document = document
        self.value = value
        self.known = known
        self.taken = taken

    def feed(self, digest: str) -> MappedFeed | None:
        value, problem = self.value, self.document.problem
        if value["name"] in self.known or value["name"] in self.taken:
            problem(("name",), f"{value['name']} is a known feed; give the mapping another name")
        target = self.known.get(value["feed"])
        if target is None:
            problem(("feed",), f"is no feed; {_nearest(value['feed'], list(self.known))}")
            return None
        self._check_dialect()
        cells = tuple(filter(None, (self._cell(target, *it) for it in value["columns"].items())))
        given = value["columns"].keys()
        for column in target.columns:
            if column.required and column.name not in given:
                problem(("columns",), f"the feed {target.name} needs {column.name}; add it")
        if self.document.problems:
            return None
        delimiter = {"\\t": "\t", "tab": "\t"}.get(
            value.get("delimiter", ""), value.get("delimiter")
        )
        header_row = value.get("header_row")
        return MappedFeed(
            value["name"],
            target.columns,
            target.role,
            target.key,
            versions_of=target.versions_of,
            keeps_deliveries=target.keeps_deliveries,
            service_column=target.service_column,
            suffixes=SUFFIXES,
            dense_in=target.dense_in,
            target=target.name,
            cells=cells,
            dialect=Dialect(
                delimiter,
                value.get("encoding", "utf-8"),
                value.get("sheet"),
                int(header_row) if header_row else None,
            ),
            unused=frozenset(name.strip().lower() for name in value.get("unused", [])),
            digest=digest,
        )

    def _check_dialect(self) -> None:
        value, problem = self.value, self.document.problem
        zone = value.get("time_zone")
        if zone is not None and zone not in zoneinfo.available_timezones():
            zones = sorted(zoneinfo.available_timezones())
            near = get_close_matches(zone, zones, 1) or ["Asia/Jakarta"]
            problem(("time_zone",), f"{zone} is no time zone; give one such as {near[0]}")
        try:
            codecs.lookup(value.get("encoding", "utf-8"))
        except LookupError:
            problem(("encoding",), "is no known encoding; give utf-8, cp1252 or utf-16")
        for key in ("time_format", "date_format"):
            if key in value:
                self._check_format((key,), value[key])

    def _check_format(self, path: Path_, pattern: str) -> None:
        directives = re.findall(r"%(.)", pattern)
        if pattern in UNIX_TIMES:
            return
        unknown = [d for d in directives if d not in "aAbBdfHIjmMpSyYzZ%"]
        if unknown or not directives or pattern.endswith("%"):
            wrong = f"%{unknown[0]} is not known" if unknown else "nothing of a time is in it"
            self.document.problem(path, f'{wrong}; write for example "%d/%m/%Y %H:%M:%S"')

    def _cell(self, target: Feed, name: str, given: dict[str, Any]) -> MappedCell | None:
        path: Path_ = ("columns", name)
        column = target.column(name)
        if column is None:
            names = [c.name for c in target.columns]
            self.document.problem(path, f"is no column of {target.name}; {_nearest(name, names)}")
            return None
        self._check_options(path, column, given)
        columns = given.get("columns") or ([given["column"]] if "column" in given else [])
        is_date = column.kind is Kind.DATE
        common = self.value.get("date_format" if is_date else "time_format")
        values = given.get("values")
        otherwise = given.get("otherwise")
        return MappedCell(
            column,
            tuple(name.strip() for name in columns),
            given.get("value"),
            {k.strip(): _or_none(v) for k, v in values.items()} if values is not None else None,
            _or_none(otherwise),
            "otherwise" in given,
            given.get("unit"),
            given.get("time_format") or common,
            self.value.get("time_zone"),
        )

    def _check_options(self, path: Path_, column: Column, given: dict[str, Any]) -> None:
        problem = self.document.problem
        if "unit" in given and not (
            column.kind is Kind.NUMBER and re.search(r"_(s|min)(_|$)", column.name)
        ):
            problem((*path, "unit"), f"{column.name} is no duration; leave unit out")
        if "time_format" in given:
            if column.kind not in (Kind.INSTANT, Kind.DATE):
                problem((*path, "time_format"), f"{column.name} is no time; leave it out")
            self._check_format((*path, "time_format"), given["time_format"])
        if "otherwise" in given and "values" not in given:
            problem((*path, "otherwise"), "needs values beside it; add them, or leave it out")
        for key in given.keys() & {"values", "unit", "time_format"}:
            if "value" in given:
                problem((*path, key), "a value for all rows is taken as it stands; leave this out")
        if column.kind is Kind.CHOICE:
            outcomes = [((*path, "values", k), v) for k, v in given.get("values", {}).items()]
            outcomes += [((*path, k), given[k]) for k in ("value", "otherwise") if k in given]
            for place, outcome in outcomes:
                if outcome.lower() not in (*column.choices, *EMPTY):
                    allowed = ", ".join(column.choices)
                    problem(place, f"{outcome} is not one of {allowed}; give one of them")


def _or_none(value: str | None) -> str | None:
    return None if value is None or value in EMPTY else value
