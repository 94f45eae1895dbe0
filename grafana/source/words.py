"""The texts of the boards in one language, and how values of the marts are told by them.

Words stand in `words.yml`; here is only how they are found, and which sign and colour goes with a
state.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = ("id", "en")
FILE = Path(__file__).with_name("words.yml")

# Told apart also by those who do not see red and green; no state is told by colour alone.
# Light ones are so light that Grafana writes on them in black: white could not be read.
BLUE, ORANGE, VERMILLION, GREY = "#0072B2", "#FFB81C", "#D55E00", "#7F7F7F"
LIGHT_BLUE, PALE_BLUE, PALE_GREY = "#82C8F2", "#C9E4F7", "#B8BFC7"

GOOD, WATCHED, BAD, OPEN = ("✓", BLUE), ("✗", ORANGE), ("‼", VERMILLION), ("–", GREY)

SIGNS: dict[str, dict[str, tuple[str, str]]] = {
    "age": {"met": GOOD, "behind": BAD},
    "verdict": {
        "met": GOOD,
        "missed": WATCHED,
        "critical": BAD,
        "recovering": ("↗", LIGHT_BLUE),
        "behind": ("⚠", ORANGE),
        "none": OPEN,
    },
    "count": {"met": GOOD, "missed": WATCHED, "critical": BAD},
    "severity": {"warning": WATCHED, "critical": BAD},
    "agent_state": {
        "ready": ("●", BLUE),
        "busy": ("◆", LIGHT_BLUE),
        "acw": ("◇", PALE_BLUE),
        "aux": ("◐", PALE_GREY),
        "logged_out": ("○", VERMILLION),
        "planned": ("▬", GREY),
    },
    "attendance": {
        "present": GOOD,
        "late": WATCHED,
        "no_show": BAD,
        "absent": BAD,
        "pending": ("…", GREY),
        "not_due": OPEN,
        "excused": OPEN,
        "unscheduled": ("⚠", ORANGE),
    },
    "compliant": {"true": GOOD, "false": WATCHED},
    "roster": {"on_time": GOOD, "late": WATCHED, "missing": BAD, "awaited": ("…", GREY)},
    "roster_verdict": {"valid": GOOD, "invalid": BAD, "check_broken": ("⚠", ORANGE)},
    "overdue": {"true": BAD, "false": OPEN},
    "effective": {"true": GOOD, "false": BAD},
    "failed": {"true": BAD, "false": GOOD},
    "feed": {"missed": ("⚠", ORANGE), "quiet": OPEN, "current": GOOD},
}
"""Sign and colour of each state of a family. A family that is not here has words alone."""

SAID = re.compile(r"\{(\w+):('?[\w.]+'?)\}")


@dataclass(frozen=True)
class Words:
    """The texts of `words.yml` in one language."""

    language: Language
    texts: dict[str, Any]

    @classmethod
    def read(cls, language: Language, file: Path = FILE) -> Words:
        return cls(language, yaml.safe_load(file.read_text(encoding="utf-8")))

    def say(self, *path: str) -> str:
        """The text at a path of names; KeyError where there is none."""
        place = self.texts
        for name in path:
            place = place[name]
        return str(place[self.language])

    def has(self, *path: str) -> bool:
        place: Any = self.texts
        for name in path:
            if name not in place:
                return False
            place = place[name]
        return True

    def states(self, family: str) -> dict[str, tuple[str, str, str]]:
        """Sign, word and colour of each state of a family, in order."""
        signs = SIGNS.get(family, {})
        return {
            state: (sign, self.say("state", family, state), colour)
            for state in self.texts["state"][family]
            for sign, colour in (signs.get(state, ("", "")),)
        }

    def statement(self, sql: str) -> str:
        """A statement in this language: `{family:column}` gives the word for what the column
        holds, `{family:'state'}` that of one state; `{_indonesian}` ends the name of a column that
        has its text in both languages."""
        ending = "_indonesian" if self.language == "id" else ""
        return SAID.sub(self._case, sql.strip().replace("{_indonesian}", ending))

    def _case(self, found: re.Match[str]) -> str:
        family, column = found.groups()
        whens = " ".join(
            f"when '{state}' then '{_quoted(word)}'"
            for state, (_, word, _) in self.states(family).items()
        )
        return f"case {column} {whens} else {column} end"


def _quoted(word: str) -> str:
    return word.replace("'", "''")
