"""The language of a page: which one it is, and the words of the desk.

Words stand in `words.yml`, Indonesian first, each with its English beside it; templates hold the
form and no words of their own. How numbers and times are written: `rtm.speech`.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import Request

from rtm import speech
from rtm.settings import Language

WORDS = Path(__file__).with_name("words.yml")
COOKIE = "rtm_language"
LANGUAGES: tuple[Language, ...] = ("id", "en")


def language_of(request: Request, default: Language) -> Language:
    """The visitor's choice, else what the browser asks for, else the site's."""
    chosen = known(request.cookies.get(COOKIE, ""))
    return chosen or _accepted(request.headers.get("Accept-Language", "")) or default


def known(text: str) -> Language | None:
    """The language of that name, if the desk speaks it."""
    return next((language for language in LANGUAGES if language == text), None)


def _accepted(header: str) -> Language | None:
    """The first that the desk speaks, by weight; `en-GB` asks for `en`."""
    asked: list[tuple[float, Language]] = []
    for part in header.split(","):
        name, _, weight = part.partition(";q=")
        language = known(name.strip().split("-")[0].lower())
        try:
            share = float(weight or 1)
        except ValueError:
            continue
        if language and share > 0:
            asked.append((share, language))
    return max(asked, key=lambda pair: pair[0])[1] if asked else None


class Speech(speech.Speech):
    """How a page says things in one language."""

    files = (speech.SHARED, WORDS)


def words(language: Language) -> dict[str, str]:
    """All words of the desk in one language, by `section.name`."""
    return speech.read_words(Speech.files, language)
