"""One measured figure with its goal, and the machine it was measured on."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

FILE = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Result:
    """A figure and what it should be; `goal` None means it is told, not judged."""

    name: str
    value: float
    unit: str
    goal: float | None
    comparator: Literal["<=", ">="]
    detail: str

    @property
    def ok(self) -> bool:
        if self.goal is None:
            return True
        return self.value <= self.goal if self.comparator == "<=" else self.value >= self.goal


def keep_results(results: list[Result]) -> Path:
    """Writes the list of the contract; every entry carries the machine and the date.

    Figures of other benchmarks stay as they were measured last.
    """
    place = {"machine": machine(), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    entries: dict[str, dict[str, Any]] = {
        entry["name"]: entry for entry in (json.loads(FILE.read_text()) if FILE.exists() else [])
    }
    for result in results:
        figure = {**asdict(result), "value": round(result.value, 3), "ok": result.ok}
        entries[result.name] = {**figure, **place}
    told = json.dumps(list(entries.values()), indent=2, ensure_ascii=False)
    FILE.write_text(told + "\n", encoding="utf-8")
    return FILE


def machine() -> str:
    """Cores, memory and processor, as far as the system tells."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    processor = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, {processor}, {platform.system()}"
