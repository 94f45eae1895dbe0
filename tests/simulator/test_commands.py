from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from rtm.simulator import simulate_commands

from .conftest import Landed

PROGRAM = "from rtm.simulator import simulate_commands; simulate_commands()"


def test_a_day_is_landed_up_to_the_moment_that_is_asked_for(tmp_path: Path) -> None:
    until = "2026-11-23T01:00:00+07:00"
    arguments = ["day", "--landing", str(tmp_path / "landing"), "--until", until, "--seed", "5"]
    result = CliRunner().invoke(simulate_commands, arguments)
    assert result.exit_code == 0, result.output
    assert "calls" in result.output
    newest = max(path.stat().st_mtime for path in (tmp_path / "landing").rglob("*.csv"))
    assert datetime.fromisoformat(until).timestamp() - 120 < newest
    assert newest <= datetime.fromisoformat(until).timestamp()


def test_a_time_without_offset_is_refused(tmp_path: Path) -> None:
    arguments = ["day", "--landing", str(tmp_path), "--until", "2026-11-23T01:00:00"]
    result = CliRunner().invoke(simulate_commands, arguments)
    assert result.exit_code == 2
    assert "offset" in result.output


def test_live_continues_the_day_that_was_landed(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    until = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    day = ["day", "--landing", str(landing), "--until", until.isoformat(), "--seed", "5"]
    assert CliRunner().invoke(simulate_commands, day).exit_code == 0
    before = Landed(landing).content()
    live = ["live", "--landing", str(landing), "--once"]
    result = CliRunner().invoke(simulate_commands, live)
    assert result.exit_code == 0, result.output
    after = Landed(landing).content()
    assert before.items() < after.items()
    assert len(after) - len(before) < 50


def test_live_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    arguments = ["live", "--landing", str(tmp_path / "landing"), "--interval", "0.2"]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments])
    progress = tmp_path / "truth" / "delivered.json"
    deadline = time.monotonic() + 60
    while not progress.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=30) == 0


def test_bench_lands_as_many_days_as_asked(tmp_path: Path) -> None:
    arguments = ["bench", "--landing", str(tmp_path / "landing"), "--agents", "50", "--days", "1"]
    result = CliRunner().invoke(simulate_commands, arguments)
    assert result.exit_code == 0, result.output
    landed = Landed(tmp_path / "landing")
    assert len(landed.calls) > 500


def test_two_scenarios_do_not_share_a_landing_folder(tmp_path: Path) -> None:
    landing = str(tmp_path / "landing")
    until = "2026-11-23T01:00:00+07:00"
    day = ["day", "--landing", landing, "--scenario", "healthy", "--until", until]
    assert CliRunner().invoke(simulate_commands, day).exit_code == 0
    assert CliRunner().invoke(simulate_commands, day).exit_code == 0
    other = CliRunner().invoke(simulate_commands, [*day, "--seed", "7"])
    assert other.exit_code == 1
    assert "another scenario" in other.output


def test_live_refuses_a_folder_of_a_benchmark(tmp_path: Path) -> None:
    landing = str(tmp_path / "landing")
    bench = ["bench", "--landing", landing, "--agents", "20", "--days", "1"]
    assert CliRunner().invoke(simulate_commands, bench).exit_code == 0
    result = CliRunner().invoke(simulate_commands, ["live", "--landing", landing, "--once"])
    assert result.exit_code == 1
    assert "give another folder" in result.output


def test_help_explains_each_command() -> None:
    for command in ("day", "live", "bench"):
        result = CliRunner().invoke(simulate_commands, [command, "--help"])
        assert result.exit_code == 0
        assert "--landing" in result.output
