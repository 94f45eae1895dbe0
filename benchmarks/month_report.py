"""How long the management review of a month takes, over a large centre with a long history. Called
where that history is already stored (`benchmarks.growth`)."""

from __future__ import annotations

import time
from datetime import datetime

from benchmarks.results import Result
from rtm.cycle import System
from rtm.report import FORMATS, Month, make_report

GOAL_S = 30.0


def measure_report(system: System, as_of: datetime, size: str) -> list[Result]:
    """Seconds from the question to all files, of the month of the clock."""
    began = time.monotonic()
    make_report(system.warehouse, Month.of(as_of.date()), "id", FORMATS, "benchmark", as_of)
    took = time.monotonic() - began
    return [Result("month_report", took, "s", GOAL_S, "<=", f"HTML, PDF and xlsx; {size}")]
