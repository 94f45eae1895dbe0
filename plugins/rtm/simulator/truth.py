"""What was put in on purpose, written beside the landing folder: the key to check results against.

A fact is noted when it happens, with the moments it really had; a planned fault that never came to
pass (the agent was on leave that day) is no fact.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

from rtm.simulator.times import to_datetime


class TruthLog:
    """One file per kind: `late.jsonl`, `outage.jsonl`, ..."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, list[str]] = defaultdict(list)
        self._changed: set[str] = set()
        self.facts = 0

    def note(
        self,
        kind: str,
        subject: str,
        start_ms: int,
        end_ms: int | None,
        zone: ZoneInfo,
        **amounts: object,
    ) -> None:
        def moment(at_ms: int | None) -> str | None:
            if at_ms is None:
                return None
            return to_datetime(at_ms, zone).isoformat(timespec="milliseconds")

        fact = {"kind": kind, "subject": subject, "from": moment(start_ms), "to": moment(end_ms)}
        self._lines[kind].append(json.dumps(fact | amounts))
        self._changed.add(kind)
        self.facts += 1

    def write(self) -> None:
        """Rewrites the files that grew, so that a continued run never notes a fact twice."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for kind in sorted(self._changed):
            unfinished = self._folder / f".{kind}.jsonl"
            unfinished.write_text("\n".join(self._lines[kind]) + "\n")
            os.replace(unfinished, self._folder / f"{kind}.jsonl")
        self._changed.clear()
