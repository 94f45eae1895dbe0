"""Words, numbers and times, in Indonesian and in English."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jinja2 import nodes

from rtm import speech
from rtm.desk.language import Speech, words
from rtm.desk.pages import TEMPLATES, environment
from tests.desk.test_safety import token

NBSP = "\N{NO-BREAK SPACE}"
MOMENT = datetime(2026, 11, 23, 7, 40, tzinfo=UTC)
ID, EN = Speech("id"), Speech("en")
TOLD_BY_ATTRIBUTES = re.compile(
    r'\b(?:alt|title|placeholder|aria-label|aria-description|value|content)="([^"{]*)"'
)
NOT_WORDS = {"width=device-width, initial-scale=1", "light dark"}


def test_every_word_that_a_page_says_is_there_and_no_other():
    rooms = [*TEMPLATES.glob("*.html"), *TEMPLATES.parent.glob("*.py")]
    sources = [*rooms, Path(speech.__file__)]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    named = set(re.findall(r'"(\w+\.\w+)"', text)) & set(words("id"))
    begun = tuple(re.findall(r'f?"(\w+\.\w*?)(?:\{|" ~)', text))
    said = set(re.findall(r'say\(\s*"(\w+\.\w+)"[,)]', text))
    assert len(said) > 60
    assert said <= set(words("id"))
    unused = {name for name in words("id") if name not in named and not name.startswith(begun)}
    # The error pages make their names of a kind and an ending.
    assert {name for name in unused if not name.startswith("error.")} == set()


def own_words(source: str) -> list[str]:
    """What a template says by itself: the letters outside of tags, and in telling attributes."""
    tree = environment().parse(source)
    data = "".join(
        node.data if isinstance(node, nodes.TemplateData) else "{}"
        for output in tree.find_all(nodes.Output)
        for node in output.nodes
    )
    attributes = [told for told in TOLD_BY_ATTRIBUTES.findall(source) if told not in NOT_WORDS]
    text = re.sub(r"<[^>]*>", " ", data.replace('"', ""))
    return [told for told in [*re.findall(r"[^\W\d_]{2,}", text), *attributes] if told.strip()]


def test_templates_hold_no_words_of_their_own():
    sources = list(TEMPLATES.glob("*.html"))
    assert len(sources) > 8
    for path in sources:
        if path.name not in ("parts.html",):
            assert own_words(path.read_text(encoding="utf-8")) == [], path.name
    assert own_words("<p class='x'>Halo {{ name }}</p>") == ["Halo"]
    assert own_words('<a title="Sign out">{{ x }}</a>') == ["Sign out"]


@pytest.mark.parametrize(
    ("cookie", "header", "expected"),
    [
        (None, "", "id"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr, en;q=0.3, id;q=0.8", "id"),
        (None, "en;q=0, id", "id"),
        (None, "de;q=x, fr", "id"),
        ("en", "id", "en"),
        ("xx", "en", "en"),
    ],
)
def test_the_language_is_chosen_by_cookie_then_browser_then_site(sign_in, cookie, header, expected):
    browser = sign_in()
    if cookie:
        browser.cookies.set("rtm_language", cookie)
    answer = browser.get("/rtm/", headers={"Accept-Language": header})
    assert f'<html lang="{expected}">' in answer.text
    assert answer.headers["Content-Language"] == expected
    assert ("Yang menunggu Anda" in answer.text) is (expected == "id")


def test_the_choice_is_kept_and_leads_back(sign_in):
    browser = sign_in()
    answer = browser.post(
        "/rtm/language",
        data={"language": "en", "back": "/rtm/breaches?state=open", "csrf_token": token()},
    )
    assert answer.headers["location"] == "/rtm/breaches?state=open"
    cookie = answer.headers["set-cookie"]
    assert "Path=/rtm" in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert '<html lang="en">' in browser.get("/rtm/").text


def test_a_language_that_the_desk_does_not_speak_is_refused(sign_in):
    answer = sign_in().post("/rtm/language", data={"language": "fr", "csrf_token": token()})
    assert answer.status_code == 422
    assert "language" in answer.text


def test_numbers_have_a_comma_in_indonesian_and_a_point_in_english():
    assert (ID.kpi("scr", 95.25), EN.kpi("scr", 95.25)) == (f"95,2{NBSP}%", f"95.2{NBSP}%")
    assert (ID.number(12345), EN.number(12345)) == ("12.345", "12,345")
    assert ID.kpi("aht", 300) == f"300{NBSP}dtk"
    assert ID.kpi("waiting_list", 15) == "15"
    assert ID.kpi("scr", None) == "–"
    assert EN.target("abandon_rate", "<=", 5) == f"≤{NBSP}5{NBSP}%"
    assert ID.target("scr", ">=", 97.5) == f"≥{NBSP}97,5{NBSP}%"


def test_times_are_those_of_the_zone_and_name_it():
    assert ID.moment(MOMENT, "Asia/Jakarta") == "23 Nov 2026 14:40 WIB"
    assert EN.moment(MOMENT, "Asia/Makassar") == "23 Nov 2026 15:40 WITA"
    assert EN.clock(MOMENT, "Asia/Jayapura") == "16:40 WIT"
    assert ID.day(date(2026, 8, 17)) == "Sen 17 Agu 2026"


def test_a_duration_is_told_in_the_unit_that_fits():
    told = [ID.duration(seconds) for seconds in (5, 600, 3 * 3600, 9 * 86400)]
    assert told == [f"5{NBSP}dtk", f"10{NBSP}mnt", f"3{NBSP}jam", f"9{NBSP}hari"]
