"""Files are taken in alike wherever they lie: a local folder, or any file system of fsspec."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from upath import UPath

from rtm.landing import land_files

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
