"""Files are landed from real S3 and SFTP servers through Airflow connections, as the tasks do."""

from __future__ import annotations

import dataclasses
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from rtm.cycle import System, run_cycle, run_step
from rtm.landing import LandingError
from rtm.orchestration.connections import open_landing
from tests.landing.servers import (
    BUCKET,
    KEY_ID,
    PASSWORD,
    SECRET,
    USER,
    S3Server,
    SftpServer,
    s3_server,
    sftp_server,
)
from tests.small_centre import CALL_HEADER, DAY, REFERENCE, call, roster

MINUTE = timedelta(minutes=1)
HEADER = CALL_HEADER


def calls(prefix: str, count: int, outcome: str = "answered") -> str:
    first = datetime.now(UTC) - 15 * MINUTE
    rows = (call(f"{prefix}{n}", first + timedelta(seconds=n), outcome) for n in range(count))
    return HEADER + "".join(rows)


def s3_connection(server: S3Server, **changed: object) -> str:
    return json.dumps(
        {
            "conn_type": "aws",
            "login": KEY_ID,
            "password": SECRET,
            "extra": {"endpoint_url": server.endpoint, "region_name": "us-east-1"},
            **changed,
        }
    )


def sftp_connection(server: SftpServer, **changed: object) -> str:
    connection = {
        "conn_type": "sftp",
        "host": "127.0.0.1",
        "port": server.port,
        "login": USER,
        "password": PASSWORD,
        "extra": {"host_key": server.host_key},
        **changed,
    }
    return json.dumps({name: value for name, value in connection.items() if value is not None})


@dataclasses.dataclass
class Remote:
    """A server, the system that lands from it, and the clock."""

    server: S3Server | SftpServer
    system: System
    name: str
    """As the operators are told."""

    def deliver(self, feed: str, name: str, content: str | bytes) -> None:
        self.server.put(f"landing/{feed}/{name}", content)

    def land(self, minutes: float = 1) -> dict[str, object]:
        """What the task land_feeds does."""
        return run_step(self.system, "land_feeds", datetime.now(UTC) + minutes * MINUTE)


@pytest.fixture(params=["s3", "sftp"])
def remote(request, system, tmp_path, monkeypatch):
    with s3_server() if request.param == "s3" else sftp_server(tmp_path) as server:
        if request.param == "s3":
            url = name = f"s3://{BUCKET}/landing"
            url = url.replace("://", "://landing_files@")
            monkeypatch.setenv("AIRFLOW_CONN_LANDING_FILES", s3_connection(server))
        else:
            url = "sftp://landing_files@files.bank.example/landing"
            name = f"sftp://127.0.0.1:{server.port}/landing"
            monkeypatch.setenv("AIRFLOW_CONN_LANDING_FILES", sftp_connection(server))
        settings = dataclasses.replace(
            system.settings, landing_url=url, operators=("ops@bank.example",)
        )
        yield Remote(server, System(settings, system.warehouse, open_landing), name)


def deliver_centre(remote: Remote) -> None:
    for feed, content in REFERENCE.items():
        remote.deliver(feed, f"{feed}.csv", content)
    remote.deliver("roster", "kartu pekan ini.csv", roster(first=DAY))
    remote.deliver("call", "satu.csv.gz", gzip.compress(calls("A", 10).encode()))


def test_what_is_delivered_ends_in_raw_once(remote, query):
    deliver_centre(remote)
    did = remote.land()
    assert did["unlisted"] == did["unreachable"] == {}
    assert did["files"] == len(REFERENCE) + 2
    assert query("select outcome, count(*) as n from ops.file_ledger group by 1") == [
        {"outcome": "loaded", "n": len(REFERENCE) + 2}
    ]
    assert query("select count(*) as n from raw.roster") == [{"n": 3}]
    assert remote.land()["files"] == 0
    remote.deliver("call", "dua.csv", calls("B", 5))
    assert remote.land()["files"] == 1
    assert remote.land()["files"] == 0
    assert query("select count(*) as n, count(distinct call_id) as d from raw.call") == [
        {"n": 15, "d": 15}
    ]


def test_a_file_arrives_at_its_modification_time(remote, query):
    before = datetime.now(UTC).replace(microsecond=0)
    remote.deliver("service", "service.csv", REFERENCE["service"])
    after = datetime.now(UTC)
    assert remote.land(-5)["files"] == 0
    assert remote.land()["files"] == 1
    (file,) = query("select arrived_at, size_bytes from ops.file_ledger")
    assert before <= file["arrived_at"] <= after
    assert file["size_bytes"] == len(REFERENCE["service"])


def test_names_of_any_kind_are_taken_in_and_unfinished_ones_wait(remote, query):
    remote.deliver("service", "service.csv", REFERENCE["service"])
    names = [
        "dua kata.csv",
        "ünïcode 電話.csv",
        "a#b?c=%20&d.csv",
        "..%2F..%2Fx.csv.csv",
        "[x]*.csv",
    ]
    for number, name in enumerate(names):
        remote.deliver("call", name, calls(f"N{number}-", 1))
    for name in (".hidden.csv", "later.csv.part", "later.csv.tmp"):
        remote.deliver("call", name, calls("U", 1))
    did = remote.land()
    assert did["unreachable"] == did["unlisted"] == {}
    found = query("select file_name, outcome from ops.file_ledger where feed = 'call'")
    expected = {name for name in names if not name.startswith(".")}
    assert {row["file_name"] for row in found if row["outcome"] == "loaded"} == expected
    assert len(found) == len(expected)
    remote.server.rename("landing/call/later.csv.part", "landing/call/later.csv")
    assert remote.land()["files"] == 1


def test_a_renamed_file_brings_no_row_twice(remote, query):
    remote.deliver("service", "service.csv", REFERENCE["service"])
    remote.deliver("call", "old.csv", calls("R", 4))
    remote.land()
    remote.server.rename("landing/call/old.csv", "landing/call/new.csv")
    remote.land()
    assert query("select count(*) as n from raw.call") == [{"n": 4}]
    assert query("select outcome from ops.file_ledger where file_name = 'new.csv'") == [
        {"outcome": "repeated"}
    ]


def test_a_server_that_is_down_stops_no_cycle_and_is_caught_up_with(remote, query):
    deliver_centre(remote)
    now = datetime.now(UTC)
    run_cycle(remote.system, now + MINUTE)
    remote.deliver("call", "meanwhile.csv", calls("M", 6, "abandoned"))
    remote.server.stop()
    for minute in (2, 3):
        done = run_cycle(remote.system, now + minute * MINUTE)
        assert done["land_feeds"]["is_cut_off"]
        assert done["detect_breaches"]["opened"] == 0
    (incident,) = query("select * from ops.incident where kind = 'landing_unreachable'")
    assert incident["subject"] == remote.name
    assert "does not answer" in incident["detail"] and "look after the server" in incident["detail"]
    assert query("select recipient from ops.outbox where kind = 'incident'") == [
        {"recipient": "ops@bank.example"}
    ]
    remote.server.start()
    run_cycle(remote.system, now + 4 * MINUTE)
    (incident,) = query("select * from ops.incident where kind = 'landing_unreachable'")
    assert incident["closed_at"] == now + 4 * MINUTE
    assert query("select count(*) as n, count(distinct call_id) as d from raw.call") == [
        {"n": 16, "d": 16}
    ]
    assert query("select distinct outcome from ops.file_ledger") == [{"outcome": "loaded"}]


def test_a_feed_that_stops_is_an_incident_within_two_cycles_and_no_breach(remote, query):
    deliver_centre(remote)
    remote.deliver("call", "lost.csv", calls("L", 3, "abandoned"))
    run_cycle(remote.system, datetime.now(UTC) + MINUTE)
    assert query("select * from ops.incident where kind = 'feed_stale'") == []
    breaches = query("select * from ops.breach")
    (arrived,) = query("select max(arrived_at) as at from ops.file_ledger where feed = 'call'")
    # More calls are lost, but their file does not come: the source has stopped.
    stale_at = arrived["at"] + remote.system.settings.stale_after
    run_cycle(remote.system, stale_at)
    assert query("select * from ops.incident where kind = 'feed_stale'") == []
    run_cycle(remote.system, stale_at + MINUTE)
    (incident,) = query("select subject from ops.incident where kind = 'feed_stale'")
    assert incident == {"subject": "call"}
    assert query("select recipient from ops.outbox where kind = 'incident'") == [
        {"recipient": "ops@bank.example"}
    ]
    assert query("select * from ops.breach") == breaches


def test_a_wrong_password_is_an_incident_that_does_not_tell_it(
    remote, query, monkeypatch, caplog, capfd
):
    deliver_centre(remote)
    wrong = "quite-wrong-secret"
    connection = s3_connection if isinstance(remote.server, S3Server) else sftp_connection
    monkeypatch.setenv("AIRFLOW_CONN_LANDING_FILES", connection(remote.server, password=wrong))
    if isinstance(remote.server, S3Server):
        remote.server.check_logins()
    now = datetime.now(UTC)
    run_cycle(remote.system, now + MINUTE)
    (incident,) = query("select * from ops.incident where kind = 'landing_unreachable'")
    assert incident["subject"] == remote.name
    assert "the server refuses" in incident["detail"]
    assert "Check login, password or key" in incident["detail"]
    stored = query("select to_jsonb(cycle)::text as row from ops.cycle")
    stored += query("select to_jsonb(outbox)::text as row from ops.outbox")
    told = capfd.readouterr()
    for text in (caplog.text, told.out, told.err, *(row["row"] for row in stored)):
        assert wrong not in text
    assert wrong not in repr(remote.system.landing) + str(remote.system.landing)


def test_a_connection_that_does_not_exist_is_named(remote, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_LANDING_FILES")
    (why,) = remote.land()["unlisted"].values()
    assert "no Airflow connection 'landing_files'" in why


def test_a_server_that_fails_in_the_middle_of_a_file_damages_none(remote, query, monkeypatch):
    deliver_centre(remote)
    system = type(remote.system.landing.fs)
    with monkeypatch.context() as patched:

        def cut(files, path, mode):
            remote.server.stop()
            return files.info(path)

        patched.setattr(system, "open", cut)
        did = remote.land()
    assert did["is_cut_off"] and did["files"] == 0
    remote.server.start()
    assert remote.land()["files"] == len(REFERENCE) + 2
    assert query("select distinct outcome from ops.file_ledger") == [{"outcome": "loaded"}]


# What only one of the two has


@pytest.fixture
def sftp(tmp_path):
    with sftp_server(tmp_path) as server:
        yield server


@pytest.mark.parametrize("form", ["openssh", "pkcs8-pem"])
def test_a_key_logs_in_without_a_password(sftp, monkeypatch, form):
    key = asyncssh.generate_private_key("ssh-ed25519")
    sftp.keys.write_bytes(key.export_public_key())
    extra = {
        "host_key": sftp.host_key,
        "private_key": key.export_private_key(form, passphrase="p").decode(),
        "private_key_passphrase": "p",
    }
    sftp.put("landing/service/service.csv", REFERENCE["service"])
    monkeypatch.setenv("AIRFLOW_CONN_FILES", sftp_connection(sftp, password=None, extra=extra))
    landing = open_landing("sftp://files@host/landing")
    assert landing.fs.ls(landing.path, detail=False) == ["/landing/service"]


@pytest.mark.parametrize("extra", [{}, {"host_key": "other"}, {"no_host_key_check": True}])
def test_a_server_with_another_key_gets_no_password(sftp, system, query, monkeypatch, extra):
    if extra.get("host_key"):
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        extra = {"host_key": other}
    asked = []
    monkeypatch.setattr(
        "tests.landing.servers._Logins.validate_password", lambda *login: asked.append(login)
    )
    monkeypatch.setenv("AIRFLOW_CONN_FILES", sftp_connection(sftp, extra=extra))
    settings = dataclasses.replace(system.settings, landing_url="sftp://files@host/landing")
    did = run_step(
        System(settings, system.warehouse, open_landing), "land_feeds", datetime.now(UTC)
    )
    (why,) = did["unlisted"].values()
    assert f"ssh-keyscan -t ed25519 -p {sftp.port} 127.0.0.1" in why and "host_key" in why
    assert asked == []


def test_a_host_key_or_private_key_that_is_none_is_named(sftp, monkeypatch):
    for extra, word in (
        ({"host_key": "ssh-ed25519 nonsense"}, "host_key"),
        ({"private_key": "nonsense", "host_key": sftp.host_key}, "private key"),
    ):
        monkeypatch.setenv("AIRFLOW_CONN_FILES", sftp_connection(sftp, extra=extra))
        with pytest.raises(LandingError, match=f"'files'.*{word}"):
            open_landing("sftp://files@host/landing")


def test_links_are_followed_and_a_name_that_is_no_text_hides_no_other(
    sftp, system, query, monkeypatch
):
    sftp.put("elsewhere/real.csv", REFERENCE["service"])
    folder = sftp.root / "landing" / "service"
    folder.mkdir(parents=True)
    (folder / "linked.csv").symlink_to("../../elsewhere/real.csv")
    (folder / "broken.csv").symlink_to("nowhere.csv")
    (Path(str(folder)) / b"\xff.csv".decode("utf-8", "surrogateescape")).write_text(
        REFERENCE["service"]
    )
    monkeypatch.setenv("AIRFLOW_CONN_FILES", sftp_connection(sftp))
    settings = dataclasses.replace(system.settings, landing_url="sftp://files@host/landing")
    now = datetime.now(UTC) + MINUTE
    did = run_step(System(settings, system.warehouse, open_landing), "land_feeds", now)
    assert (did["unreachable"], did["unlisted"]) == ({}, {})
    assert {row["file_name"] for row in query("select file_name from ops.file_ledger")} == {
        "linked.csv",
        "\\xff.csv",
    }


def test_a_folder_that_may_not_be_listed_keeps_no_other_out(remote, monkeypatch, query):
    deliver_centre(remote)
    system = type(remote.system.landing.fs)
    ls = system._ls

    async def refuse(files, path, *arguments, **options):
        if path.endswith("/team"):
            raise asyncssh.SFTPPermissionDenied("Permission denied")
        return await ls(files, path, *arguments, **options)

    monkeypatch.setattr(system, "_ls", refuse)
    did = remote.land()
    assert list(did["unlisted"]) == [f"{remote.name}/team"] and not did["is_cut_off"]
    assert did["files"] == len(REFERENCE) + 1


def test_objects_that_stand_for_folders_are_no_files(system, monkeypatch):
    with s3_server() as server:
        for name in ("landing/", "landing/service/", "landing/service/old/a.csv"):
            server.put(name, "")
        server.put("landing/service/a.csv", REFERENCE["service"])
        monkeypatch.setenv("AIRFLOW_CONN_FILES", s3_connection(server))
        settings = dataclasses.replace(system.settings, landing_url=f"s3://files@{BUCKET}/landing/")
        now = datetime.now(UTC) + MINUTE
        did = run_step(System(settings, system.warehouse, open_landing), "land_feeds", now)
    assert (did["files"], did["quarantined"], did["unlisted"]) == (1, 0, {})


def test_the_task_itself_lands_through_the_connection(remote, query, monkeypatch):
    from rtm.orchestration import tasks

    remote.deliver("service", "service.csv", REFERENCE["service"])
    url = remote.system.warehouse.url.render_as_string(hide_password=False)
    monkeypatch.setenv("RTM_HOME", str(remote.system.settings.home))
    monkeypatch.setenv("RTM_DATABASE_URL", url)
    monkeypatch.setenv("RTM_LANDING_URL", remote.system.settings.landing_url)
    monkeypatch.setattr(tasks, "_clock", lambda: datetime.now(UTC) + MINUTE)
    assert tasks._run("land_feeds")["files"] == 1
    assert tasks._run("land_feeds")["files"] == 0
