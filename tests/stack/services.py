"""The services of docker-compose.yml as processes of this machine: their own commands, settings,
health checks and configuration files, with the places of containers put at places of one folder.

What only a container can show is not shown: images, networks, limits and read-only file systems.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import yaml
from psycopg import sql

from rtm.machine import free_port
from rtm.settings import REPOSITORY
from rtm.warehouse.embedded import AIRFLOW, OWNER, WAREHOUSE, EmbeddedPostgres

VENV = Path(sys.prefix)
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


def interpolated(part: Any, variables: Mapping[str, str]) -> Any:
    """A part of the file as Docker reads it: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`,
    `$$`, in every text of it."""
    if isinstance(part, dict):
        return {key: interpolated(value, variables) for key, value in part.items()}
    if isinstance(part, list):
        return [interpolated(value, variables) for value in part]
    return (
        VARIABLE.sub(lambda found: _value(found, variables), part)
        if isinstance(part, str)
        else part
    )


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    name, sign, rest = found.groups()
    if known := variables.get(name):
        return known
    if sign == ":?":
        raise ValueError(f"{name}: {rest}")
    return rest or ""


def image_environment() -> dict[str, str]:
    """What the Dockerfile sets."""
    text = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for line in lines for pair in shlex.split(line))


@dataclass
class Services:
    """The composition with the variables of a `.env`, its files below `root`."""

    root: Path
    variables: Mapping[str, str]
    processes: dict[str, psutil.Popen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        file = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
        self.composition: dict[str, Any] = interpolated(file, self.variables)
        self.api_port, self.redis_port = free_port(), free_port()
        self.postgres = EmbeddedPostgres(self.root / "server")
        self.places = {
            "airflow-api-server:8080": f"127.0.0.1:{self.api_port}",
            "http://127.0.0.1:8080": f"http://127.0.0.1:{self.api_port}",
            "@redis:6379": f"@127.0.0.1:{self.redis_port}",
            "/opt/rtm": str(REPOSITORY),
            "/etc/": f"{self.root}/etc/",
            "/landing": str(self.root / "landing"),
            "/mappings": str(self.root / "mappings"),
            "/var/lib/airflow": str(self.root / "airflow"),
            "/var/lib/rtm": str(self.root / "rtm"),
        }
        for folder in ("etc", "landing", "mappings", "airflow/config", "rtm", "home", "tmp"):
            (self.root / folder).mkdir(parents=True)
        # As the image has them.
        (self.root / "rtm/venv").symlink_to(VENV)
        (self.root / "airflow/airflow.cfg").touch()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def start_warehouse(self) -> None:
        """A server as the image of PostgreSQL makes it: an administrator, and what our
        configuration runs at the first start."""
        running = self.postgres.start()
        port = running.credentials.port
        self.places["@warehouse:5432"] = f"@127.0.0.1:{port}"
        password = self.variables["RTM_POSTGRES_PASSWORD"]
        with self._connection(port, OWNER, running.credentials.owner_password) as connection:
            connection.execute("create role postgres superuser login")
            connection.execute(
                sql.SQL("alter role postgres password {}").format(sql.Literal(password))
            )
        with self._connection(port, "postgres", password) as connection:
            for database in (AIRFLOW, WAREHOUSE):
                connection.execute(sql.SQL("drop database {}").format(sql.Identifier(database)))
            for role in (AIRFLOW, "rtm_reader"):
                connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))
            connection.execute(f"alter role {OWNER} rename to made_by_initdb")
            for statement in self.composition["configs"]["first_start"]["content"].split(";\n"):
                connection.execute(statement)  # type: ignore[call-overload]

    def run(self, name: str, **variables: str) -> str:
        """Runs a service that ends; returns what it said, raises CalledProcessError."""
        return self.call(name, self.command(name), **variables)

    def call(self, name: str, command: list[str], **variables: str) -> str:
        """Runs a command as within a container of the service."""
        done = subprocess.run(
            command,
            env={**self.environment(name), **variables},
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-4000:]}"
        return done.stdout

    def start(self, name: str, instance: str = "") -> None:
        """Starts a service, or one more instance of it."""
        for config in self.composition["services"][name].get("configs", []):
            content = self.composition["configs"][config["source"]]["content"]
            self._placed_path(config["target"]).write_text(content)
        command, environment = self.command(name), self.environment(name)
        if name == "redis":
            command += ["--port", str(self.redis_port), "--bind", "127.0.0.1"]
        if "worker" in name:
            # In containers of their own, host names tell workers apart.
            pid_file = command.index("--pid") + 1
            command[pid_file] = str(self.root / f"tmp/{name}{instance}.pid")
            command += ["--celery-hostname", f"{name}{instance}@{self._host}"]
            environment["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"] = str(free_port())
        with (self.root / f"{name}{instance}.log").open("ab") as log:
            self.processes[name + instance] = psutil.Popen(
                command,
                env=environment,
                cwd=self.root if name == "redis" else REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def command(self, name: str) -> list[str]:
        return [self._placed(word) for word in self.composition["services"][name]["command"]]

    def environment(self, name: str) -> dict[str, str]:
        """The image's variables and the service's, and nothing of the caller's."""
        own = self.composition["services"][name]["environment"]
        given = {**image_environment(), **{key: str(value) for key, value in own.items()}}
        placed = {key: self._placed(value) for key, value in given.items()}
        return {
            **placed,
            "PATH": f"{VENV / 'bin'}:{REPOSITORY}:{os.environ['PATH']}",
            "HOME": str(self.root / "home"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.api_port),
            # In the image everything is compiled, and here what `make install` has put there.
            "PYTHONDONTWRITEBYTECODE": "1",
            # That nobody answers for a task is seen sooner, so that the tests wait less for it.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
            "TMPDIR": str(self.root / "tmp"),
        }

    def is_healthy(self, name: str, instance: str = "") -> bool:
        """By the service's own health check, unless its process has ended."""
        process = self.processes[name + instance]
        if process.poll() is not None:
            log = (self.root / f"{name}{instance}.log").read_text(errors="replace")
            raise AssertionError(f"{name}{instance} ended:\n{log[-4000:]}")
        kind, *words = self.composition["services"][name]["healthcheck"]["test"]
        words = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        environment = self.environment(name)
        if name == "redis":
            words[1:1] = ["-p", str(self.redis_port)]
        elif words[0] == "python":
            words.append(self.address)
        else:
            words[-1] = words[-1].replace("celery@$HOSTNAME", f"{name}{instance}@{self._host}")
        asked = subprocess.run(words, env=environment, cwd=REPOSITORY, capture_output=True)
        return asked.returncode == 0

    def wait_until_healthy(self, *names: tuple[str, str], seconds: float) -> None:
        waiting, deadline = list(names), time.monotonic() + seconds
        while waiting := [name for name in waiting if not self.is_healthy(*name)]:
            assert time.monotonic() < deadline, f"not healthy after {seconds} s: {waiting}"
            time.sleep(1)

    def kill(self, name: str) -> None:
        """Ends it with all its processes at once, as when its container or machine is gone."""
        process = self.processes.pop(name)
        if process.poll() is not None:
            return
        family = [process, *process.children(recursive=True)]
        for sent in (signal.SIGSTOP, signal.SIGKILL):
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.send_signal(sent)
        process.wait()

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.postgres.stop()

    def _placed(self, value: str) -> str:
        for place, here in self.places.items():
            value = value.replace(place, here)
        return value

    def _placed_path(self, path: str) -> Path:
        return Path(self._placed(path))

    @property
    def _host(self) -> str:
        return os.uname().nodename

    def _connection(self, port: int, user: str, password: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=port,
            user=user,
            password=password,
            dbname="postgres",
            autocommit=True,
        )
