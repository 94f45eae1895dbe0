"""Turns a kind of mail and its facts into subject, text and HTML, in one language.

Words stand in `templates/words.yml`, Indonesian first, each with its English beside it; templates
hold the form and no words of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from rtm.settings import Language

TEMPLATES = Path(__file__).with_name("templates")
LONGEST_SUBJECT = 200
"""Python folds a long header in time that grows with its square."""


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(kind: str, facts: dict[str, Any], language: Language) -> Rendered:
    """Renders `templates/<kind>.txt` and `.html`; a fact that is missing is an error."""
    environment = _environment()
    words = {**_words(language)["common"], **_words(language)[kind]}

    def say(name: str, **values: Any) -> str:
        return words[name].format(**values)

    context = {**facts, "say": say, "language": language}
    subject = words["subject"].format(**facts)
    return Rendered(
        _one_line(subject),
        environment.get_template(f"{kind}.txt").render(context),
        environment.get_template(f"{kind}.html").render(context | {"subject": subject}),
    )


def words(kind: str, language: Language) -> dict[str, str]:
    """The words of one kind of mail, or of what goes out with it, by name."""
    return _words(language)[kind]


def _one_line(subject: str) -> str:
    """The subject as it may stand in a header, whatever a name in the data holds."""
    visible = "".join(letter if letter.isprintable() else " " for letter in subject)
    # "=?…?=" is a word in code: Python's parser decodes it, line breaks and all, into the header.
    return " ".join(visible.split()).replace("=?", "= ?")[:LONGEST_SUBJECT]


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _words(language: Language) -> dict[str, dict[str, str]]:
    catalogue = yaml.safe_load((TEMPLATES / "words.yml").read_text(encoding="utf-8"))
    return {
        kind: {name: texts[language] for name, texts in words.items()}
        for kind, words in catalogue.items()
    }
