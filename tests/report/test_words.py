"""The words of the report: all of them used, and none in a template."""

from __future__ import annotations

import re
import tomllib

import rtm
from rtm.report.as_html import TEMPLATES
from rtm.report.cells import WORDS, Speech
from rtm.settings import REPOSITORY
from rtm.speech import read_words


def test_every_word_is_used():
    sources = [*WORDS.parent.glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    keys = set(re.findall(r'"(\w+)"', text)) | set("abcdefg")
    parts = re.compile(r"_(note|empty|clauses|intro|where)$")
    told = read_words((WORDS,), "id")
    unused = {
        name
        for name in told
        if f'"{name}"' not in text and parts.sub("", name.split(".")[1]) not in keys
    }
    # Names that are made of values in the data
    made = {name for name in unused if name.split(".")[0] in {"indicator", "attribute", "clause"}}
    made |= {"finding.no_contacts", "finding.no_people", "finding.no_month"} & unused
    assert unused - made == set()
    assert len(told) > 150


def test_a_template_holds_no_words():
    for path in TEMPLATES.glob("*.html"):
        source = path.read_text(encoding="utf-8")
        bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", source, flags=re.DOTALL)
        assert re.findall(r"[^\W\d_]{2,}", bare) == [], path.name


def test_the_version_of_the_product_is_one():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["version"] == rtm.__version__


def test_a_value_that_misses_its_target_is_seen_to_miss_it():
    assert Speech("en").value("scr", 94.96) == "94.96\N{NO-BREAK SPACE}%"
    assert Speech("id").value("waiting_list", 3.25) == "3,2"
