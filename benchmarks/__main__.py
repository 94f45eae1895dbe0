"""`python -m benchmarks [--full]`: measures, prints tables, and keeps the figures in
`benchmarks/results.json`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cycle import measure_cycle
from benchmarks.detection import measure_detection
from benchmarks.growth import measure_growth
from benchmarks.landing import landing_results
from benchmarks.queue_log import measure_queue_log
from benchmarks.results import FILE, Result, keep_results
from benchmarks.roster_gate import measure_roster_gate
from benchmarks.stack import measure_stack
from rtm.stack.progress import step

Benchmark = Callable[[Path, bool], list[Result]]
BENCHMARKS: dict[str, Benchmark] = {
    "landing": landing_results,
    "cycle": measure_cycle,
    "queue_log": measure_queue_log,
    "roster_gate": measure_roster_gate,
    "detection": measure_detection,
    "growth": measure_growth,
    "stack": measure_stack,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all, at full size")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; give {', '.join(BENCHMARKS)}")
    results: list[Result] = []
    for name in chosen.names or BENCHMARKS:
        with step(f"Benchmark {name}"), tempfile.TemporaryDirectory(prefix="rtm-bench-") as folder:
            measured = BENCHMARKS[name](Path(folder), chosen.full)
        # At once: hours of measuring are not lost to what comes after.
        keep_results(measured)
        _print(measured)
        results += measured
    print(f"written: {FILE}")
    return 0 if all(result.ok for result in results) else 1


def _print(results: list[Result]) -> None:
    table = Table("figure", "value", "goal", "", "detail")
    for result in results:
        goal = "" if result.goal is None else f"{result.comparator} {result.goal:g}"
        table.add_row(
            result.name,
            f"{result.value:.2f} {result.unit}",
            goal,
            "" if result.goal is None else ("✓" if result.ok else "✗"),
            result.detail,
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    console.print(table)


sys.exit(main())
