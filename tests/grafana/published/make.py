"""Writes `schema.json`: which properties and values Grafana publishes for dashboards and panels.

Read out of Grafana's own generated classes (grafana-foundation-sdk, Apache License 2.0, see
NOTICE), of which nothing else is kept here:

    uv run --no-project --with grafana-foundation-sdk==1769699241 python make.py
"""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import re
import types
import typing
from pathlib import Path
from typing import Any

MODELS = "grafana_foundation_sdk.models"
PANELS = ("barchart", "heatmap", "stat", "statetimeline", "statushistory", "table", "timeseries")
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
NAMED = re.compile(r'if "(\w+)" in data:.*?args\["(\w+)"\]', re.DOTALL)
WRITTEN = re.compile(r'"(\w+)": self\.(\w+)')
"""What a class reads, and what it writes by itself, such as its type."""


def main() -> None:
    definitions: dict[str, Any] = {}
    _define(_model("dashboard", "Dashboard"), definitions)
    for panel in PANELS:
        for part in ("Options", "FieldConfig"):
            if (model := _model(panel, part)) is not None:
                _define(model, definitions)
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by make.py from grafana-foundation-sdk 1769699241; see NOTICE.",
        "definitions": dict(sorted(definitions.items())),
    }
    Path(__file__).with_name("schema.json").write_text(json.dumps(schema, indent=1) + "\n")


def _model(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"{MODELS}.{module}"), name, None)


def _define(model: Any, definitions: dict[str, Any]) -> dict[str, str]:
    name = f"{model.__module__.rpartition('.')[2]}.{model.__name__}"
    if name not in definitions:
        definitions[name] = {"type": "object", "additionalProperties": False}
        hints = typing.get_type_hints(model)
        definitions[name]["properties"] = {
            told: _schema(hints.get(attribute, object), definitions)
            for told, attribute in [
                *WRITTEN.findall(inspect.getsource(model.to_json)),
                *NAMED.findall(inspect.getsource(model.from_json)),
            ]
        }
    return {"$ref": f"#/definitions/{name}"}


def _schema(told: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(told), typing.get_args(told)
    if told in PLAIN:
        return {"type": PLAIN[told]}
    if told is type(None):
        return {"type": "null"}
    if origin in (typing.Union, types.UnionType):
        kept = [argument for argument in arguments if argument is not type(None)]
        options = [_schema(argument, definitions) for argument in kept]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if inspect.isclass(told) and issubclass(told, enum.Enum):
        return {"enum": [member.value for member in told]}
    if (
        inspect.isclass(told)
        and hasattr(told, "from_json")
        and NAMED.search(inspect.getsource(told.from_json))
    ):
        return _define(told, definitions)
    return {}


if __name__ == "__main__":
    main()
