"""Files are taken in alike wherever they lie: a local folder, or any file system of fsspec."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncssh
import pytest
from upath import UPath

from rtm.landing import land_files, open_landing
from tests.landing.servers import BUCKET, KEY_ID, SECRET, USER, s3_server, sftp_server

CALLS = (
    "call_id,service_code,direction,arrived_at,outcome\nC1,KARTU,inbound,2026-11-22T09:00Z,open\n"
)
SERVICE = "service_code,service_name,client_name,timezone\nKARTU,Kartu,Bank,Asia/Jakarta\n"


@pytest.mark.parametrize("place", ["local", "file://", "memory://"])
def test_the_same_files_give_the_same_rows(warehouse, tmp_path, query, place):
    roots = {
        "local": str(tmp_path / "landing"),
        "file://": (tmp_path / "landing").as_uri(),
        "memory://": f"memory://{tmp_path.name}",
    }
    landing = UPath(roots[place])
    for feed, content in (("service", SERVICE), ("call", CALLS)):
        (landing / feed).mkdir(parents=True)
        (landing / feed / "one.csv").write_text(content)
        (landing / feed / "two.csv.part").write_text(content)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    report = land_files(warehouse, landing, soon)
    assert [(file.name, file.outcome) for file in report.files] == [("one.csv", "loaded")] * 2
    assert land_files(warehouse, landing, soon).files == []
    assert query("select call_id from raw.call") == [{"call_id": "C1"}]


def test_a_bucket_is_landed_from_without_airflow_by_the_variables_of_aws(
    warehouse, query, monkeypatch
):
    with s3_server() as server:
        server.put("landing/service/one.csv", SERVICE)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        soon = datetime.now(UTC) + timedelta(minutes=1)
        for url in (f"s3://{BUCKET}/landing", f"s3://connection@{BUCKET}/landing"):
            report = land_files(warehouse, open_landing(url), soon)
            assert report.unlisted == {}
    assert query("select file_name from ops.file_ledger") == [{"file_name": "one.csv"}]


def test_an_sftp_server_is_landed_from_without_airflow_if_its_key_is_known(
    warehouse, query, tmp_path, monkeypatch
):
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    soon = datetime.now(UTC) + timedelta(minutes=1)
    with sftp_server(tmp_path) as server:
        server.put("landing/service/one.csv", SERVICE)
        key = asyncssh.generate_private_key("ssh-ed25519")
        server.keys.write_bytes(key.export_public_key())
        (tmp_path / ".ssh").mkdir(mode=0o700)
        key.write_private_key(tmp_path / ".ssh" / "id_ed25519")
        url = f"sftp://{USER}@127.0.0.1:{server.port}/landing"
        (why,) = land_files(warehouse, open_landing(url), soon).unlisted.values()
        assert "known_hosts" in why
        known = f"[127.0.0.1]:{server.port} {server.host_key}\n"
        (tmp_path / ".ssh" / "known_hosts").write_text(known)
        assert land_files(warehouse, open_landing(url), soon).unlisted == {}
    assert query("select file_name from ops.file_ledger") == [{"file_name": "one.csv"}]
