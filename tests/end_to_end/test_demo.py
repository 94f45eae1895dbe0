"""`make demo` and `make down` as a user runs them: real scheduler, real SMTP, real processes."""

from __future__ import annotations

import email.policy
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rtm.cycle import DAILY, STEPS
from rtm.machine import free_port
from rtm.settings import REPOSITORY

pytestmark = pytest.mark.alone
SERVICES = ("Layanan Digital Banking", "Layanan Kartu", "Layanan Nasabah Prioritas")


@dataclass
class Demo:
    """A running demo below a home of its own."""

    home: Path
    port: int
    printed: str
    others: set[str]
    """Processes of other Airflows on this machine."""

    def rtm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _rtm(self.home, self.port, *arguments)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        url = self.rtm("warehouse", "url").stdout.strip().replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            return connection.execute(statement).fetchall()

    def wait_for(self, what: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                return False
            time.sleep(1)
        return True


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo") / "home"
    port = free_port()
    others = _airflow_processes()
    try:
        done = _rtm(home, port, "stack", "demo")
        assert done.returncode == 0, done.stderr
        yield Demo(home, port, done.stdout, others)
    finally:
        _rtm(home, port, "stack", "down")


def test_the_board_shows_services_people_rosters_breaches_and_mails(demo: Demo):
    for service in SERVICES:
        assert service in demo.printed
    for section in ("PAPAN RTM", "Roster besok", "Surel terakhir", f"http://127.0.0.1:{demo.port}"):
        assert section in demo.printed
    assert re.search(r"nomor \d+, draf", demo.printed), "an open breach has a plan"


def test_the_board_says_what_the_marts_say(demo: Demo):
    def planned() -> list[bool]:
        return [row[0] for row in demo.query(
            "select plan.breach_id is not null from marts.fct_breach as breach"
            " left join marts.fct_recovery_plan as plan using (breach_id)"
            " where breach.scope = 'service'"
        )]  # fmt: skip

    # One may open while this looks: its plan is written by the next step of the same minute.
    assert demo.wait_for(lambda: all(planned()), 60) and planned()
    statuses = {row[0] for row in demo.query("select distinct status from marts.fct_attendance")}
    assert {"present", "late"} <= statuses
    verdicts = {
        row[0] for row in demo.query("select distinct verdict from marts.fct_roster_validity")
    }
    assert verdicts == {"valid", "invalid"}


def test_the_scheduler_ran_every_step(demo: Demo):
    steps = {row[0] for row in demo.query("select distinct step from ops.cycle")}
    # The daily ones at the first start too, if Airflow sees a day that it has missed
    assert set(STEPS) <= steps <= {*STEPS, *DAILY}
    daily = {"remove_expired_records", "report_month"}
    runs = _api(demo, "/api/v2/dags/~/dagRuns?state=success")["dag_runs"]
    minutely = {"run_minute_cycle", "distribute_rosters"}
    assert minutely <= {run["dag_id"] for run in runs} <= minutely | daily
    assert {run["run_type"] for run in runs} == {"scheduled"}
    assert _api(demo, "/api/v2/dags/~/dagRuns?state=failed")["dag_runs"] == []


def test_every_mail_that_was_sent_lies_in_the_mailbox(demo: Demo):
    sent = {(row[0], row[1]) for row in demo.query(
        "select recipient, subject from ops.outbox where state = 'sent'"
    )}  # fmt: skip
    kept = set()
    for path in (demo.home / "mail" / "new").iterdir():
        mail = message_from_bytes(path.read_bytes(), policy=email.policy.default)
        kept.add((str(mail["To"]), str(mail["Subject"])))
    assert sent <= kept
    assert any("di luar target" in subject for _, subject in kept)


def test_the_printed_users_of_the_desk_read_it_and_nobody_else_does(demo: Demo):
    (address, users) = re.findall(r"^Desk +(\S+)  \((.*)\)$", demo.printed, re.MULTILINE)[0]
    logins = [login.split(" / ") for login in users.split(", ")]
    assert len(logins) == 2
    for user, password in logins:
        page = _open(address, _token(demo, user, password))
        assert "Layanan Kartu" in page and "Yang menunggu Anda" in page, user
    with pytest.raises(urllib.error.HTTPError, match="401"):
        _open(address, "")


def test_secrets_are_readable_by_their_owner_only(demo: Demo):
    for name in ("airflow/keys.json", "airflow/passwords.json", "postgres/credentials.json"):
        assert (demo.home / name).stat().st_mode & 0o077 == 0, name


def test_starting_again_leaves_a_running_system_as_it_is(demo: Demo):
    before = _processes(demo.home)
    again = demo.rtm("stack", "demo")
    assert again.returncode == 0, again.stderr
    assert "PAPAN RTM" in again.stdout
    supervisors = {pid for pid, command in before.items() if "supervisord" in command}
    assert supervisors <= set(_processes(demo.home))


def test_cleaning_removes_old_records_and_keeps_what_happened(demo: Demo):
    kept = "select count(*) from ops.outbox"
    before = demo.query(kept)
    # What is old when the cleaning begins: meanwhile, more becomes old
    limit = demo.query("select now() - interval '20 s'")[0][0]
    old = f"select count(*) from ops.cycle where finished_at < '{limit.isoformat()}'"
    assert demo.query(old)[0][0] > 0
    done = demo.rtm("stack", "clean", "--older-than", "20s")
    assert done.returncode == 0, done.stderr
    assert demo.query(old)[0][0] == 0
    assert demo.query(kept) >= before


def test_a_killed_scheduler_comes_back_and_the_cycle_goes_on(demo: Demo):
    scheduler = _pid(demo, "scheduler")
    os.kill(scheduler, signal.SIGKILL)
    killed_at = time.time()
    assert demo.wait_for(
        lambda: bool(
            demo.query(
                "select from ops.cycle where step = 'send_mail'"
                f" and as_of > to_timestamp({killed_at}) limit 1"
            )
        ),
        seconds=240,
    ), (demo.home / "logs" / "scheduler.log").read_text()[-3000:]
    assert _pid(demo, "scheduler") != scheduler


def test_a_port_that_is_taken_is_one_clear_error(demo: Demo, tmp_path: Path):
    """The demo itself sits on the port."""
    done = _rtm(tmp_path / "home", demo.port, "stack", "up")
    try:
        assert done.returncode == 1
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith(f"rtm: port {demo.port} (RTM_AIRFLOW_PORT) is taken")
    finally:
        _rtm(tmp_path / "home", demo.port, "stack", "down")
    assert _processes(tmp_path / "home") == {}


def test_down_leaves_no_process_and_up_again_keeps_what_was_there(demo: Demo):
    """Last in this file: it ends the demo."""
    landed = demo.query("select count(*) from ops.file_ledger")[0][0]
    assert demo.rtm("stack", "status").returncode == 0
    assert demo.rtm("stack", "down").returncode == 0
    assert _processes(demo.home) == {}
    assert _airflow_processes() <= demo.others
    assert demo.rtm("stack", "status").returncode == 1
    assert demo.query("select count(*) from ops.file_ledger")[0][0] >= landed


def _rtm(home: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("RTM_", "AIRFLOW"))}
    environment |= {
        "RTM_HOME": str(home),
        "RTM_AIRFLOW_PORT": str(port),
        "PYTHONPATH": str(REPOSITORY / "plugins"),
    }
    return subprocess.run(
        [sys.executable, "-m", "rtm", *arguments],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
    )


def _api(demo: Demo, path: str) -> dict[str, Any]:
    password = json.loads((demo.home / "airflow" / "passwords.json").read_text())["admin"]
    token = _token(demo, "admin", password)
    told: dict[str, Any] = json.loads(_open(f"http://127.0.0.1:{demo.port}{path}", token))
    return told


def _token(demo: Demo, user: str, password: str) -> str:
    login = urllib.request.Request(
        f"http://127.0.0.1:{demo.port}/auth/token",
        data=json.dumps({"username": user, "password": password}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(login, timeout=30) as answer:
        token: str = json.load(answer)["access_token"]
    return token


def _open(address: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html, application/json"}
    asked = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        told: str = answer.read().decode()
    return told


def _pid(demo: Demo, program: str) -> int:
    """The process that supervisord runs under that name."""
    parent = int((demo.home / "supervisor" / "supervisord.pid").read_text())
    for pid, command in _processes(demo.home).items():
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if int(status[1]) == parent and program in command:
            return pid
    raise AssertionError(f"{program} is not running")


def _airflow_processes() -> set[str]:
    """Airflow renames its processes, which hides their environment."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if b"airflow" in (entry / "cmdline").read_bytes():
                found.add(entry.name)
        except OSError:
            continue
    return found


def _processes(home: Path) -> dict[int, str]:
    """Live processes that name the home folder in their command or their environment."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            if not command or entry.name == str(os.getpid()):
                continue
            environment = (entry / "environ").read_bytes()
        except OSError:
            environment = b""
        needle = str(home).encode()
        if needle in command or f"RTM_HOME={home}\0".encode() in environment:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found
