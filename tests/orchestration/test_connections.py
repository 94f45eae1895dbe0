"""Airflow's connections and paths, as the steps get them."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.definitions.connection import Connection

from rtm.landing import land_files
from rtm.orchestration.connections import smtp_url
from tests.small_centre import MORNING, REFERENCE


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        ({"host": "mail.bank.example", "port": 465}, "smtps://mail.bank.example:465"),
        ({"host": "mail", "extra": '{"disable_ssl": true}'}, "smtp://mail"),
        (
            {"host": "mail", "port": 587, "login": "a@b", "password": "p/w:1",
             "extra": '{"disable_ssl": true}'},
            "smtp://a%40b:p%2Fw%3A1@mail:587",
        ),
    ],
)  # fmt: skip
def test_a_mail_connection_becomes_a_url(connection, url):
    assert smtp_url(Connection(conn_id="smtp_default", conn_type="smtp", **connection)) == url


def test_files_are_landed_through_an_object_storage_path(system, deliver, query, tmp_path: Path):
    arrived = MORNING - timedelta(days=1)
    deliver("service", "service.csv", REFERENCE["service"], arrived)
    deliver("team", "team.csv.gz", gzip.compress(REFERENCE["team"].encode()), arrived)
    landing = ObjectStoragePath((tmp_path / "landing").as_uri())
    land_files(system.warehouse, landing, MORNING)
    assert query("select outcome from ops.file_ledger order by feed") == [
        {"outcome": "loaded"},
        {"outcome": "loaded"},
    ]
    assert query("select count(*) as n from raw.team") == [{"n": 1}]
