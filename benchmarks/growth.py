"""How the dbt part of a minute grows with what is stored, and what a rebuild and a correction cost.

A large centre gets its history in steps: a week, then what lay before it. After each step some
minutes go by, and what they cost stands beside the days that are stored. Cost should grow with what
arrived, so the last line should cost what the first did.
"""

from __future__ import annotations

import resource
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.boards import measure_boards
from benchmarks.desk_pages import measure_desk, vacuum
from benchmarks.history import LOCAL, LargeCentre
from benchmarks.month_report import measure_report
from benchmarks.results import Result
from rtm.cycle import System, run_step
from rtm.notify import ON_PAPER
from rtm.settings import Settings
from rtm.warehouse.embedded import EmbeddedPostgres

NOW = datetime.fromisoformat("2026-11-18T10:00:00")
"""Local time, a busy hour, without offset as in the files."""
MINUTES = 7
STEP_DAYS = 5
AGENTS, FULL_AGENTS = 150, 1500
DAYS, FULL_DAYS = (7, 30, 90), (7, 30, 90)
REBUILT_AT = 30
GOAL_MINUTE_S, GOAL_GROWTH, GOAL_REBUILD_S, GOAL_PYTHON_GB = 15.0, 1.2, 900.0, 1.0


def measure_growth(home: Path, full: bool) -> list[Result]:
    """Seconds of a minute's dbt run by days stored; of a rebuild; of a corrected roster."""
    agents, days = (FULL_AGENTS, FULL_DAYS) if full else (AGENTS, DAYS)
    settings = Settings(
        home=home, landing_url=str(home / "landing"), database_url=None, smtp_url=ON_PAPER
    )
    try:
        return _Measurement(System.open(settings), agents).run(days)
    finally:
        EmbeddedPostgres(home).stop()


class _Measurement:
    def __init__(self, system: System, agents: int) -> None:
        self.system = system
        url = system.warehouse.url.set(drivername="postgresql")
        self.centre = LargeCentre(
            url.render_as_string(hide_password=False),
            Path(system.settings.landing_url),
            agents,
        )
        self.clock = NOW
        self.stored_from = NOW.replace(hour=0)

    def run(self, days: tuple[int, ...]) -> list[Result]:
        self.centre.deliver_reference(_instant(self.clock) - timedelta(days=400))
        table: list[tuple[int, float, float]] = []
        results: list[Result] = []
        for stored in days:
            self._store(stored)
            minutes = [self._minute() for _ in range(MINUTES)]
            _say(f"minutes with {stored} days: " + ", ".join(f"{took:.2f}" for took in minutes))
            table.append((stored, statistics.median(minutes), max(minutes)))
            if stored == REBUILT_AT:
                results += self._correct_roster() + self._rebuild()
        _print(table, self.centre.agents)
        first, last = table[0], table[-1]
        size = f"{self.centre.agents} agents; {self._counted()}"
        growth = ", ".join(f"{stored} days {median:.2f} s" for stored, median, _ in table)
        return [
            Result("minute_models_median", last[1], "s", GOAL_MINUTE_S, "<=", size),
            Result("minute_models_growth", last[1] / first[1], "", GOAL_GROWTH, "<=", growth),
            *results,
            *measure_desk(self.system, _instant(self.clock), f"{days[-1]} days, {size}"),
            *measure_boards(self.system, _instant(self.clock), f"{days[-1]} days, {size}"),
            *measure_report(self.system, _instant(self.clock), f"{days[-1]} days, {size}"),
        ]

    def _store(self, days: int) -> None:
        """Brings the history back to `days` ago, some days a cycle; what is stored stays."""
        wanted = NOW.replace(hour=0) - timedelta(days=days)
        if self.stored_from == NOW.replace(hour=0):
            first = self.stored_from
            self.centre.deliver_rosters(first.date(), 2, _instant(self.clock))
            self.centre.deliver_logs(first, self.clock, _instant(self.clock))
            self._cycle()
        while self.stored_from > wanted:
            first = max(wanted, self.stored_from - timedelta(days=STEP_DAYS))
            length = (self.stored_from - first).days
            self.centre.deliver_rosters(first.date(), length, _instant(self.clock))
            self.centre.deliver_logs(first, self.stored_from, _instant(self.clock))
            self.stored_from = first
            took = self._cycle()
            _say(f"{(NOW.replace(hour=0) - first).days} of {days} days stored; {took:.0f} s")
        vacuum(self.system)

    def _minute(self) -> float:
        begin, self.clock = self.clock, self.clock + timedelta(minutes=1)
        self.centre.deliver_logs(begin, self.clock, _instant(self.clock))
        return self._cycle()

    def _cycle(self) -> float:
        """One cycle; returns the seconds of its dbt part."""
        tick = _instant(self.clock)
        took = 0.0
        for name in ("land_feeds", "gate_rosters", "build_marts", "detect_breaches"):
            began = time.monotonic()
            run_step(self.system, name, tick)
            if name == "build_marts":
                took = time.monotonic() - began
        return took

    def _correct_roster(self) -> list[Result]:
        """A roster of one service and one day of three weeks ago is published anew."""
        day = NOW.date() - timedelta(days=21)
        at = _instant(self.clock) + timedelta(seconds=30)
        one = LargeCentre(self.centre.url, self.centre.landing, 150)
        one.deliver_rosters(day, 1, at, "corrected")
        self.clock += timedelta(minutes=1)
        took = self._cycle()
        with self.system.warehouse.engine().connect() as connection:
            version = connection.execute(
                text(
                    "select max(version) from marts.fct_roster_validity where verdict = 'valid'"
                    " and service_code = 'S0' and period_start = :day and period_end = :day"
                ),
                {"day": day},
            ).scalar_one()
        if version is None:
            raise RuntimeError("the corrected roster was not published: nothing was measured")
        _say(f"a corrected roster: {took:.2f} s")
        return [
            Result(
                *("roster_correction_models", took, "s", GOAL_MINUTE_S, "<="),
                "one service, one day of three weeks ago, in one cycle",
            )
        ]

    def _rebuild(self) -> list[Result]:
        with self.system.warehouse.engine().begin() as connection:
            connection.execute(text("update ops.clock set needs_rebuild = true"))
        took = self._cycle()
        _say(f"everything computed anew: {took:.0f} s")
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        return [
            Result(
                *("rebuild_30_days", took, "s", GOAL_REBUILD_S, "<="),
                f"{self.centre.agents} agents",
            ),
            Result(
                *("rebuild_python_memory", peak_gb, "GB", GOAL_PYTHON_GB, "<="),
                "peak of this process, whatever it did before",
            ),
        ]

    def _counted(self) -> str:
        told = []
        with self.system.warehouse.engine().connect() as connection:
            for feed in ("agent_event", "call", "conversation"):
                count = connection.execute(text(f"select count(*) from raw.{feed}")).scalar_one()
                told.append(f"{count} {feed}")
        return ", ".join(told)


def _instant(local: datetime) -> datetime:
    return (local - LOCAL).replace(tzinfo=UTC)


def _say(what: str) -> None:
    Console(highlight=False).print(f"    {what}")


def _print(rows: list[tuple[int, float, float]], agents: int) -> None:
    table = Table("days stored", "median s", "longest s", title=f"A minute, {agents} agents")
    for days, median, longest in rows:
        table.add_row(str(days), f"{median:.2f}", f"{longest:.2f}")
    Console(highlight=False).print(table)
