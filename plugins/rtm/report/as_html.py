"""The report as one HTML file: for a browser and for paper, with nothing to fetch and no script."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from rtm import charts
from rtm.report.cells import Speech
from rtm.report.contents import Document

TEMPLATES = Path(__file__).with_name("templates")


def as_html(document: Document) -> bytes:
    template = environment().get_template("report.html")
    context: dict[str, Any] = {"document": document, "speech": Speech(document.language)}
    return template.render(context | {"charts": charts}).encode()


@cache
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
