"""The stack of one home folder: brings it up, says whether it is healthy, takes it down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from rtm.cycle import System
from rtm.machine import free_port
from rtm.settings import REPOSITORY, Settings
from rtm.stack.airflow import airflow_environment, set_up_airflow_home
from rtm.stack.programs import airflow_programs
from rtm.stack.progress import Detail, step
from rtm.stack.supervising import Program, StackError, Supervisor
from rtm.warehouse.embedded import EmbeddedPostgres, RunningPostgres

PREFERRED_PORT = 8080
HEALTHY_WITHIN_S = 180
COMPONENTS = ("metadatabase", "scheduler", "dag_processor")


@dataclass(frozen=True)
class Ports:
    """Where the started stack answers on loopback; kept beside it for those who ask later."""

    airflow: int
    airflow_logs: int
    mail: int | None = None

    @property
    def airflow_address(self) -> str:
        return f"http://127.0.0.1:{self.airflow}"

    @property
    def desk_address(self) -> str:
        return f"{self.airflow_address}/rtm/"


class Stack:
    """PostgreSQL and Airflow of one home folder. Starting a started one is fine."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.postgres = EmbeddedPostgres(settings.home)
        self.supervisor = Supervisor(settings.home)
        self._ports_file = settings.home / "stack.json"

    def is_running(self) -> bool:
        return self.supervisor.is_running()

    @property
    def ports(self) -> Ports:
        """The ports of the last start; raises StackError if there was none."""
        try:
            return Ports(**json.loads(self._ports_file.read_text()))
        except FileNotFoundError:
            raise StackError(
                f"nothing was started below {self.settings.home}; run make up or make demo"
            ) from None

    def prepare(self) -> System:
        """Starts PostgreSQL and brings warehouse, models and Airflow's own tables to this version.

        The last two take most of the time and do not touch each other: they run side by side.
        """
        with step("PostgreSQL: starting") as note:
            running = self.postgres.start()
            note(f"port {running.credentials.port}")
        set_up_airflow_home(self.settings)
        # Any port will do: this only talks to the database.
        environment = airflow_environment(self.settings, running, 1, 1)
        with step("Warehouse and Airflow: preparing tables and models"), _migrating(environment):
            return System.open(self.settings)

    def start(
        self,
        more: Sequence[Program] = (),
        variables: Mapping[str, str] | None = None,
        mail: int | None = None,
    ) -> Ports:
        """Starts Airflow and `more` programs, which all see `variables`, and waits for health."""
        ports = Ports(self._airflow_port(), free_port(), mail)
        self._ports_file.write_text(json.dumps(asdict(ports)))
        environment = {
            **os.environ,
            **self.airflow_environment(ports),
            "RTM_HOME": str(self.settings.home),
            # For the links in mails, where nobody says how people reach it.
            "RTM_DESK_URL": self.settings.desk_url or ports.desk_address.rstrip("/"),
            **(variables or {}),
        }
        with step("Airflow: starting") as note:
            try:
                self.supervisor.start([*airflow_programs(), *more], environment)
                self._wait_until_healthy(ports, note)
            except BaseException:
                self.supervisor.stop()
                raise
        return ports

    def airflow_environment(self, ports: Ports) -> dict[str, str]:
        running: RunningPostgres = self.postgres.start()
        return airflow_environment(self.settings, running, ports.airflow, ports.airflow_logs)

    def stop(self) -> None:
        """Stops everything that was started below the home folder."""
        self.supervisor.stop()
        self.postgres.stop()

    def health(self, ports: Ports) -> dict[str, str]:
        """State of Airflow's components in their own words; empty while its pages do not answer."""
        try:
            with urllib.request.urlopen(
                f"{ports.airflow_address}/api/v2/monitor/health", timeout=5
            ) as answer:
                told: dict[str, dict[str, str | None]] = json.load(answer)
        except (OSError, urllib.error.URLError, ValueError):
            return {}
        return {name: told.get(name, {}).get("status") or "unknown" for name in COMPONENTS}

    def _wait_until_healthy(self, ports: Ports, note: Detail) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        while True:
            self.supervisor.raise_if_given_up()
            health = self.health(ports)
            missing = [name for name in COMPONENTS if health.get(name) != "healthy"]
            if not missing:
                note(ports.airflow_address)
                return
            note("waiting for " + (", ".join(missing) if health else "its pages"))
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow is not healthy after {HEALTHY_WITHIN_S} s: no {', '.join(missing)};"
                    f" see {self.supervisor.logs}"
                )
            time.sleep(0.5)

    def _airflow_port(self) -> int:
        asked = self.settings.airflow_port
        port = free_port(asked or PREFERRED_PORT)
        if asked and port != asked:
            raise StackError(
                f"port {asked} (RTM_AIRFLOW_PORT) is taken by another program;"
                " end that one, or give another port"
            )
        return port


@contextmanager
def _migrating(environment: Mapping[str, str]) -> Iterator[None]:
    """Brings Airflow's own tables to its version, beside what the block does."""
    migration = subprocess.Popen(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env={**os.environ, **environment},
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield
        output, _ = migration.communicate()
    except BaseException:
        migration.kill()
        raise
    if migration.returncode != 0:
        said = output.strip().splitlines() or ["no output"]
        raise StackError(f"airflow db migrate: {said[-1]}")


def run_airflow(settings: Settings, arguments: Sequence[str]) -> int:
    """Runs Airflow's own command line against the embedded stack; returns its exit status."""
    stack = Stack(settings)
    environment = {**os.environ, **stack.airflow_environment(stack.ports)}
    return subprocess.run(
        [sys.executable, "-m", "airflow", *arguments], env=environment, cwd=REPOSITORY
    ).returncode
