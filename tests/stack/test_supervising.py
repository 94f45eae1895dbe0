"""supervisord with small programs of its own: restarted, given up, stopped to the last process."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rtm.settings import REPOSITORY
from rtm.stack.supervising import LONGEST_SOCKET_PATH, Program, StackError, Supervisor

SLEEPS = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def supervisor(tmp_path: Path):
    home = tmp_path / "a home with blanks and 100%" / ("deep" * 20)
    supervisor = Supervisor(home)
    yield supervisor
    supervisor.stop()


def wait_for(what: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def start(supervisor: Supervisor, code: str) -> None:
    supervisor.start(
        [Program("program", (sys.executable, "-u", "-c", code))],
        {**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")},
    )


def test_a_program_that_dies_is_started_again(supervisor: Supervisor):
    start(supervisor, "import os; print('process', os.getpid(), flush=True);" + SLEEPS)
    log = supervisor.logs / "program.log"
    assert wait_for(lambda: supervisor.states() == {"program": "RUNNING"})
    first = int(log.read_text().split()[1])
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: log.read_text().count("process") == 2)
    assert wait_for(lambda: supervisor.states() == {"program": "RUNNING"})


def test_a_program_that_cannot_run_is_told_with_its_last_words(supervisor: Supervisor):
    start(supervisor, "raise SystemExit('no such database')")
    assert wait_for(lambda: supervisor.states() == {"program": "FATAL"}, seconds=90)
    with pytest.raises(StackError, match=r"program does not stay up: no such database \(whole log"):
        supervisor.raise_if_given_up()


def test_stopping_takes_the_children_of_programs_along(supervisor: Supervisor):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPS!r}, 'child'])"
    start(supervisor, child)
    log = supervisor.logs / "program.log"
    assert wait_for(lambda: log.exists() and "up" in log.read_text())
    supervisor.stop()
    assert not supervisor.is_running()
    assert supervisor.states() == {}
    assert _running(SLEEPS) == set()


def test_what_a_killed_program_leaves_behind_is_ended(supervisor: Supervisor):
    child = "import time; time.sleep(654)"
    start(
        supervisor,
        f"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]);"
        "print('process', os.getpid(), flush=True);" + SLEEPS,
    )
    log = supervisor.logs / "program.log"
    assert wait_for(lambda: supervisor.states() == {"program": "RUNNING"} and log.exists())
    assert wait_for(lambda: len(_running(child)) == 1)
    (left,) = _running(child)
    os.kill(int(log.read_text().split()[1]), signal.SIGKILL)
    assert wait_for(lambda: left not in _running(child))


def test_a_leftover_of_a_dead_supervisor_is_not_taken_for_a_living_one(supervisor: Supervisor):
    supervisor.root.mkdir(parents=True)
    supervisor.pid_file.write_text(f"{os.getpid()}\n")
    assert not supervisor.is_running()
    supervisor.stop()


def test_the_control_socket_has_a_path_that_the_kernel_takes(supervisor: Supervisor):
    assert len(str(supervisor.root)) > LONGEST_SOCKET_PATH
    assert len(str(supervisor.socket)) <= LONGEST_SOCKET_PATH


def _running(code: str) -> set[str]:
    """Processes whose last argument but some is exactly this code."""
    return {
        entry.parent.name
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if code.encode() in _read(entry).split(b"\0")
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
