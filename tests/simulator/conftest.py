"""Simulated days that the tests of this room read, and a reader for landing folders."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest

from rtm.simulator import Scenario, demo_scenario, simulate

Row = dict[str, str]

NOW = datetime.fromisoformat("2026-11-23T13:40:00+07:00")
"""The moment around which the demonstration of these tests is built."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Landed:
    """What stands in a landing folder and in the truth beside it."""

    landing: Path

    def files(self, feed: str) -> list[Path]:
        """In order of arrival."""
        found = (self.landing / feed).glob("*")
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def read(self, path: Path) -> list[Row]:
        with path.open(newline="") as file:
            delimiter = ";" if ";" in file.readline() else ","
            file.seek(0)
            return list(csv.DictReader(file, delimiter=delimiter))

    def rows(self, feed: str) -> list[Row]:
        return [row for path in self.files(feed) for row in self.read(path)]

    def versions(self, feed: str) -> dict[str, list[Row]]:
        """All rows of each contact, in order of arrival."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows(feed):
            found[row[f"{feed}_id"]].append(row)
        return found

    @cached_property
    def calls(self) -> list[Row]:
        """The last version of each."""
        return [rows[-1] for rows in self.versions("call").values()]

    @cached_property
    def rings(self) -> list[Row]:
        """The last version of each, in order of time."""
        last = {(row["agent_id"], row["rang_at"]): row for row in self.rows("ring")}
        return sorted(last.values(), key=lambda row: moment(row["rang_at"]))

    @cached_property
    def conversations(self) -> list[Row]:
        return [rows[-1] for rows in self.versions("conversation").values()]

    @cached_property
    def events(self) -> dict[str, list[Row]]:
        """Of each agent, in the order in which they count."""
        person = {row["external_id"]: row["agent_id"] for row in self.rows("agent_alias")}
        found: dict[str, list[Row]] = defaultdict(list)
        ordered = sorted(
            self.rows("agent_event"), key=lambda e: (moment(e["occurred_at"]), e["event_id"])
        )
        for event in ordered:
            found[person.get(event["agent_id"], event["agent_id"])].append(event)
        return found

    def truth(self, kind: str) -> list[dict[str, object]]:
        path = self.landing.parent / "truth" / f"{kind}.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()]

    def content(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and modification time of every file."""
        return {
            str(path.relative_to(self.landing)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.landing.rglob("*"))
            if path.is_file()
        }


def land(scenario: Scenario, folder: Path, until: datetime) -> Landed:
    simulate(scenario, folder / "landing", until)
    return Landed(folder / "landing")


def scr(calls: list[Row]) -> float:
    """The share of those who wanted through and came through."""
    wanted = [
        call
        for call in calls
        if call["outcome"] not in ("open", "closed")
        if not (call["outcome"] == "abandoned" and not call["queued_at"])
    ]
    assert len(wanted) > 20, "too few calls to say anything"
    return sum(c["outcome"] in ("answered", "self_served") for c in wanted) / len(wanted)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """The demonstration up to its moment."""
    return land(demo_scenario(NOW), tmp_path_factory.mktemp("demo"), NOW)


@pytest.fixture(scope="session")
def demo_later(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """The demonstration up to the end of the next day: every shift of its two days is over."""
    until = NOW + timedelta(days=1)
    coarse = replace(demo_scenario(NOW), slice_s=900)
    return land(coarse, tmp_path_factory.mktemp("later"), until)
