"""Runs the programs of the stack under supervisord: restarted when they die, stopped as a group.

Which programs there are is said in `programs`; PostgreSQL supervises its own processes.
"""

from __future__ import annotations

import os
import pwd
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from supervisor.xmlrpc import SupervisorTransport

LONGEST_SOCKET_PATH = 100
"""Unix sockets have short paths (108 bytes with the end)."""
GIVEN_UP = ("FATAL", "UNKNOWN")

CONFIGURATION = """\
; Written by `rtm stack`; changes are lost at the next start. Paths are relative to the home folder.
[supervisord]
user={{ user }}
pidfile=supervisor/supervisord.pid
logfile=logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=2
loglevel=warn

[unix_http_server]
file={{ socket }}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[eventlistener:leftovers]
command={{ leftovers }}
events=PROCESS_STATE_EXITED
stderr_logfile=logs/leftovers.log
stderr_logfile_maxbytes=1MB
{% for program in programs %}
[program:{{ program.name }}]
command={{ program.command }}
priority={{ loop.index }}
autorestart=true
startsecs=2
startretries=5
stopasgroup=true
killasgroup=true
stopwaitsecs=20
redirect_stderr=true
stdout_logfile=logs/{{ program.name }}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
{% endfor %}"""


class StackError(RuntimeError):
    """The stack cannot be started or reached; the message says what to do."""


@dataclass(frozen=True)
class Program:
    """One process that supervisord keeps running."""

    name: str
    arguments: Sequence[str]

    @property
    def command(self) -> str:
        return _escaped(shlex.join(self.arguments))


class Supervisor:
    """The supervisord of one home folder."""

    def __init__(self, home: Path) -> None:
        self.root = home / "supervisor"
        self.logs = home / "logs"
        self.pid_file = self.root / "supervisord.pid"

    @property
    def socket(self) -> Path:
        path = self.root / "control.sock"
        if len(str(path)) <= LONGEST_SOCKET_PATH:
            return path
        short = sha256(str(path).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"rtm-{os.getuid()}-{short}.sock"

    def start(self, programs: Sequence[Program], environment: Mapping[str, str]) -> None:
        """Starts supervisord with these programs in its background; they inherit `environment`."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        configuration = self.root / "supervisord.conf"
        configuration.write_text(self._configuration(programs))
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)],
            env=dict(environment),
            cwd=self.root.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise StackError(f"supervisord does not start: {(done.stderr or done.stdout).strip()}")

    def states(self) -> dict[str, str]:
        """State of each program as supervisord words it (RUNNING, BACKOFF, …); empty if down."""
        if not self.is_running():
            return {}
        server = xmlrpc.client.ServerProxy(
            "http://127.0.0.1",
            transport=SupervisorTransport(None, None, f"unix://{self.socket}"),
        )
        try:
            answered: list[dict[str, str]] = server.supervisor.getAllProcessInfo()  # type: ignore[assignment]
        except (OSError, xmlrpc.client.Fault):
            return {}
        return {
            program["name"]: program["statename"]
            for program in answered
            if program["name"] != "leftovers"
        }

    def raise_if_given_up(self) -> None:
        """Raises StackError for a program that does not stay up, with the end of its log."""
        for name, state in self.states().items():
            if state in GIVEN_UP:
                log = self.logs / f"{name}.log"
                lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
                last = lines[-1].strip() if lines else "it wrote nothing"
                raise StackError(f"{name} does not stay up: {last} (whole log: {log})")

    def is_running(self) -> bool:
        return self._pid() is not None

    def stop(self, timeout_s: float = 60) -> None:
        """Stops all programs and supervisord, and waits for their end."""
        pid = self._pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_s
        while self._pid() is not None:
            if time.monotonic() > deadline:
                raise StackError(f"supervisord (process {pid}) does not end; see {self.logs}")
            time.sleep(0.2)

    def _pid(self) -> int | None:
        """supervisord's process, unless the file is a leftover and names another's."""
        try:
            pid = int(self.pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.root).encode() in command else None

    def _configuration(self, programs: Sequence[Program]) -> str:
        template = Environment(undefined=StrictUndefined, autoescape=False).from_string(
            CONFIGURATION
        )
        return template.render(
            user=pwd.getpwuid(os.getuid()).pw_name,
            socket=_escaped(str(self.socket)),
            leftovers=_escaped(shlex.join((sys.executable, "-m", "rtm.stack.leftovers"))),
            programs=programs,
        )


def _escaped(value: str) -> str:
    """supervisord expands %(names)s in values."""
    return value.replace("%", "%%")
