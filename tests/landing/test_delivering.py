"""What the product delivers itself lies there whole or not at all, wherever the folder is."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest
from upath import UPath

from rtm.landing import LandingError, deliver, land_files, open_landing
from tests.landing.servers import BUCKET, KEY_ID, SECRET, USER, s3_server, sftp_server

SERVICE = b"service_code,service_name,client_name,timezone\nKARTU,Kartu,Bank,Asia/Jakarta\n"


class Broken(io.BytesIO):
    """Gives a part and then fails, as an upload that was cut off does."""

    def read(self, *_):
        if self.tell():
            raise ConnectionError("cut off")
        return super().read(10)


def soon():
    return datetime.now(UTC) + timedelta(minutes=1)


def test_a_delivered_file_is_taken_in_like_any_other(warehouse, tmp_path, query):
    landing = UPath(tmp_path / "landing")
    deliver(landing, "service", "desk-1.csv", io.BytesIO(SERVICE))
    assert os.listdir(tmp_path / "landing" / "service") == ["desk-1.csv"]
    land_files(warehouse, landing, soon())
    assert query("select service_code from raw.service") == [{"service_code": "KARTU"}]


def test_a_delivery_that_breaks_off_leaves_nothing(tmp_path):
    landing = UPath(tmp_path / "landing")
    with pytest.raises(LandingError):
        deliver(landing, "service", "desk-1.csv", Broken(SERVICE))
    assert os.listdir(tmp_path / "landing" / "service") == []


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "landing").write_text("in the way")
    with pytest.raises(LandingError):
        deliver(UPath(tmp_path / "landing"), "service", "desk-1.csv", io.BytesIO(SERVICE))


def test_a_bucket_and_a_server_are_delivered_into(warehouse, tmp_path, query, monkeypatch):
    with s3_server() as server:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        bucket = open_landing(f"s3://{BUCKET}/landing")
        deliver(bucket, "service", "desk-1.csv", io.BytesIO(SERVICE))
        land_files(warehouse, bucket, soon())
    assert query("select file_name from ops.file_ledger") == [{"file_name": "desk-1.csv"}]

    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with sftp_server(tmp_path) as server:
        key = asyncssh.generate_private_key("ssh-ed25519")
        server.keys.write_bytes(key.export_public_key())
        (server.root / "landing").mkdir()
        (tmp_path / ".ssh").mkdir(mode=0o700)
        key.write_private_key(tmp_path / ".ssh" / "id_ed25519")
        (tmp_path / ".ssh" / "known_hosts").write_text(
            f"[127.0.0.1]:{server.port} {server.host_key}\n"
        )
        folder = open_landing(f"sftp://{USER}@127.0.0.1:{server.port}/landing")
        deliver(
            folder, "service", "desk-2.csv", io.BytesIO(SERVICE + b"LAIN,Lain,Bank,Asia/Jakarta\n")
        )
        land_files(warehouse, folder, soon())
    names = query("select file_name from ops.file_ledger order by file_id")
    assert [row["file_name"] for row in names] == ["desk-1.csv", "desk-2.csv"]
