"""The words of all rooms: each whole in both languages, and said in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import rtm
from rtm.speech import SHARED

ROOMS = Path(rtm.__file__).parent
CATALOGUES = sorted(ROOMS.rglob("words.yml"))
OF_A_ROOM = [path for path in CATALOGUES if path != SHARED]


def told(catalogue: Path) -> dict[str, dict[str, str]]:
    return {
        f"{section}.{name}": texts
        for section, names in yaml.safe_load(catalogue.read_text(encoding="utf-8")).items()
        for name, texts in names.items()
    }


def test_each_room_that_speaks_is_found():
    rooms = {str(path.parent.relative_to(ROOMS)) for path in CATALOGUES}
    assert rooms == {".", "board", "desk", "notify/templates", "recovery", "report"}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.parent.name)
def test_every_word_stands_in_both_languages_with_the_same_values(catalogue: Path):
    words = told(catalogue)
    assert words
    for name, texts in words.items():
        assert list(texts) == ["id", "en"], name
        assert all(texts.values()), name
        values = [set(re.findall(r"\{(\w+)", text)) for text in texts.values()]
        assert values[0] == values[1], name


@pytest.mark.parametrize("catalogue", OF_A_ROOM, ids=lambda path: path.parent.name)
def test_what_all_rooms_say_no_room_says_again(catalogue: Path):
    assert not told(catalogue).keys() & told(SHARED).keys()
