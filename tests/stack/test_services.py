"""The services of docker-compose.yml with the profile `scale`, as processes: Redis, two workers of
the minute path, one of the others, people who sign in. A worker is killed at its work."""

from __future__ import annotations

import http.cookiejar
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from scripts.system_packages import REDIS
from tests.small_centre import CALL_HEADER, REFERENCE, call
from tests.stack.services import Services
from tests.system_programs import required

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]

AIRFLOW = ("airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")
WORKERS = (("airflow-worker-minute", "-1"), ("airflow-worker-minute", "-2"), ("airflow-worker", ""))
T = TypeVar("T")
ASKED_FOR = "/rtm/breaches"
DESK_USER, DESK_PASSWORD = "L1", "kata sandi Lia"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    required(REDIS)
    names = re.findall(r"^(RTM_\w+)=", Path(".env.example").read_text(), re.MULTILINE)
    variables = {name: secrets.token_urlsafe(24) for name in names} | {
        "RTM_FERNET_KEY": "cGFzcyBwaHJhc2VzIGFyZSBmb3IgcGVvcGxlIG9ubHk=",
        "RTM_EXECUTOR": "CeleryExecutor",
        "RTM_OPERATORS": "",
    }
    services = Services(tmp_path_factory.mktemp("services"), variables)
    try:
        services.start_warehouse()
        services.run("prepare")
        services.start("redis")
        for name in AIRFLOW:
            services.start(name)
        for name in WORKERS:
            services.start(*name)
        started = [("redis", ""), *((name, "") for name in AIRFLOW), *WORKERS]
        services.wait_until_healthy(*started, seconds=180)
        yield services
    finally:
        services.stop()


@pytest.fixture(scope="module")
def warehouse(services: Services) -> Iterator[Engine]:
    """Who works at the centre is known; the first cycles have gone by."""
    engine = create_engine(services.environment("airflow-scheduler")["RTM_DATABASE_URL"])
    for feed, content in REFERENCE.items():
        deliver(services, feed, f"{feed}.csv", content)
    wait_for(lambda: counted(engine, "select count(*) from marts.dim_agent") == 5)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def airflow_database(services: Services) -> Iterator[Engine]:
    settings = services.environment("airflow-scheduler")
    engine = create_engine(settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    yield engine
    engine.dispose()


def test_preparing_again_changes_nothing(services):
    said = services.run("prepare")
    assert "admin already exist" in said


def test_who_is_not_signed_in_sees_nothing_of_the_desk(services):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{services.address}/rtm/")
    assert refused.value.code == 401


def test_people_sign_in_with_passwords_and_are_known_to_the_desk(services, warehouse):
    services.call(
        "airflow-scheduler",
        [
            *("airflow", "users", "create", "--role", "Desk", "--username", DESK_USER),
            *("--password", DESK_PASSWORD, "--email", "lia@bank.example"),
            *("--firstname", "Lia", "--lastname", "L"),
        ],
    )
    visit, page = sign_in(services, DESK_USER, DESK_PASSWORD)
    assert page.url == f"{services.address}{ASKED_FOR}", "whoever followed a link gets there"
    text = visit.open(f"{services.address}/rtm/").read().decode()
    assert "Lia" in text and "Kartu Kredit" in text
    with pytest.raises(urllib.error.HTTPError) as refused:
        visit.open(f"{services.address}/api/v2/connections")
    assert refused.value.code == 403
    stranger, _ = sign_in(services, DESK_USER, "guessed")
    with pytest.raises(urllib.error.HTTPError) as refused:
        stranger.open(f"{services.address}/rtm/")
    assert refused.value.code == 401


def test_the_sign_in_is_for_tls_alone_where_the_proxy_says_so(services):
    """The tests ask from loopback, which is believed by default."""

    def is_secure(scheme: str) -> bool:
        jar = http.cookiejar.CookieJar()
        visit = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), StayHere())
        way_in = f"{services.address}/auth/login/"
        visit.addheaders = [
            *(("X-Forwarded-Proto", scheme), ("X-Forwarded-For", "192.0.2.7")),
            # As a browser names the page of the form; over TLS it is looked at.
            ("Referer", way_in.replace("http", scheme, 1)),
        ]
        token = re.search(
            r'name="csrf_token"[^>]*value="([^"]+)"', visit.open(way_in).read().decode()
        )
        assert token
        form = {"username": "admin", "password": services.variables["RTM_AIRFLOW_PASSWORD"]}
        with suppress(urllib.error.HTTPError):
            visit.open(way_in, urlencode(form | {"csrf_token": token[1]}).encode())
        (signed_in,) = [cookie for cookie in jar if cookie.name == "_token"]
        return signed_in.secure

    assert is_secure("https")
    assert not is_secure("http")


def test_a_worker_that_is_killed_at_its_work_loses_nothing(services, warehouse, airflow_database):
    rows = [call(f"C{n}", minutes_ago(40 - n % 30), "answered", 5) for n in range(300)]
    deliver(services, "call", "first.csv", CALL_HEADER + "".join(rows[:100]))
    wait_for(lambda: offered(warehouse) == 100)

    deliver(services, "call", "second.csv", CALL_HEADER + "".join(rows[100:200]))
    busy = wait_for(lambda: busy_worker(services, airflow_database))
    services.kill(busy)
    deliver(services, "call", "third.csv", CALL_HEADER + "".join(rows[200:]))

    # The scheduler has to see that nobody answers for the task, then a minute's cycle goes by.
    wait_for(lambda: offered(warehouse) == 300, seconds=400)
    assert counted(warehouse, "select count(*) from raw.call") == 300
    files = "select count(*) from ops.file_ledger where feed = 'call' and outcome = 'loaded'"
    assert counted(warehouse, files) == 3

    # The task that it had in its hands is given to the other.
    given_again = "select count(*) from task_instance_history"
    wait_for(lambda: counted(airflow_database, given_again) > 0)

    begun = counted(warehouse, "select count(*) from ops.cycle")
    wait_for(lambda: counted(warehouse, "select count(*) from ops.cycle") > begun + 5)
    other = next(name for name in ("-1", "-2") if f"airflow-worker-minute{name}" != busy)
    assert services.is_healthy("airflow-worker-minute", other)


def test_the_minute_path_stays_with_its_own_workers(services):
    minute = (services.root / "airflow-worker-minute-1.log").read_text() + (
        services.root / "airflow-worker-minute-2.log"
    ).read_text()
    other = (services.root / "airflow-worker.log").read_text()
    assert re.search(r"run_minute_cycle|build_marts", minute)
    assert not re.search(r"run_minute_cycle|build_marts", other)


def test_what_only_grows_is_removed_from_the_services_airflow(services):
    command = services.command("cleaning")
    said = services.call("cleaning", command[: command.index("--every")])
    assert said.splitlines()[-1].startswith("removed: ")


def test_nothing_is_written_but_where_the_composition_allows_it(services):
    """The containers' file systems are read-only beside the volumes and tmpfs named there."""
    written = {path.name for path in (services.root / "airflow").iterdir()}
    assert written <= {"airflow.cfg", "config", "logs"}
    assert (services.root / "airflow/airflow.cfg").read_text() == ""
    assert {path.name for path in (services.root / "rtm").iterdir()} == {"venv", "dbt"}
    assert list((services.root / "home").iterdir()) == []


class StayHere(urllib.request.HTTPRedirectHandler):
    """Looks at an answer itself, not at where it leads."""

    def redirect_request(self, *arguments: object) -> None:
        return None


def deliver(services: Services, feed: str, name: str, content: str) -> None:
    folder = services.root / "landing" / feed
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f".{name}").write_text(content)
    (folder / f".{name}").rename(folder / name)


def sign_in(
    services: Services, user: str, password: str
) -> tuple[urllib.request.OpenerDirector, HTTPResponse]:
    """From a page of the desk by the form with its token, as a browser does; where it ends."""
    jar = http.cookiejar.CookieJar()
    visit = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    way_in = urlencode({"next": ASKED_FOR})
    page = visit.open(f"{services.address}/api/v2/auth/login?{way_in}")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
    assert token, "the form has no token against forged requests"
    form = {"username": user, "password": password, "csrf_token": token[1]}
    return visit, visit.open(page.url, urlencode(form).encode())


def busy_worker(services: Services, airflow_database: Engine) -> str | None:
    """The worker that computes the marts just now, told by the process of its task."""
    computing = "select max(pid) from task_instance where task_id = 'build_marts'"
    with airflow_database.connect() as connection:
        pid = connection.execute(text(f"{computing} and state = 'running'")).scalar_one()
    minute = {name: at for name, at in services.processes.items() if "worker-minute" in name}
    for name, process in minute.items():
        if pid in {child.pid for child in process.children(recursive=True)}:
            return name
    return None


def offered(warehouse: Engine) -> int:
    return counted(warehouse, "select coalesce(sum(offered), 0) from marts.fct_scr_interval")


def counted(warehouse: Engine, query: str) -> int:
    with warehouse.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def minutes_ago(minutes: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)


def wait_for(what: Callable[[], T], seconds: float = 240) -> T:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return found
