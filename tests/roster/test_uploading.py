"""An uploaded file is tried before it is delivered, and its sender gets the answer."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from upath import UPath

from rtm.roster.uploading import (
    UploadError,
    deliver_upload,
    original_name,
    received,
    try_upload,
)
from rtm.warehouse import Role
from tests.small_centre import DAY, ROSTER_HEADER
from tests.small_desk import SmallDesk, whole_roster

TOMORROW = DAY + timedelta(days=1)


def upload(small: SmallDesk, content: str, name: str = "Roster.csv", actor: str = "L1") -> int:
    with received(name, io.BytesIO(content.encode())) as file:
        trial = try_upload(small.system.warehouse, file, small.now)
        with small.system.warehouse.transaction(Role.APP) as connection:
            return deliver_upload(
                *(connection, lambda: UPath(small.landing), file),
                *([covered.service_code for covered in trial.covers], actor, small.now),
            )


def test_the_verdict_goes_to_who_uploaded_and_a_dropped_file_to_all_makers(small, query):
    told = "select recipient from ops.outbox where kind = 'roster_verdict' order by recipient"
    before = [row["recipient"] for row in query(told)]
    # Dedi leads with Lia
    assert {f"{name}@bank.example" for name in ("dedi", "lia", "lukman", "wati")} == set(before)
    upload(small, whole_roster(TOMORROW), name="C:\\Users\\Lia\\Roster <Desember>.csv")
    small.cycle()
    after = [row["recipient"] for row in query(told)]
    assert sorted([*before, "lia@bank.example"]) == after
    (kept,) = query("select * from ops.roster_upload")
    assert kept["original_name"] == "Roster <Desember>.csv"
    assert kept["file_name"].startswith(f"{DAY}T110100_KARTU_L1_")
    (version,) = query(
        "select verdict, file_name from marts.fct_roster_validity where period_start = :day",
        day=TOMORROW,
    )
    assert version == {"verdict": "valid", "file_name": kept["file_name"]}
    (entry,) = query("select actor, action from ops.audit where subject = 'roster_upload'")
    assert entry == {"actor": "L1", "action": "upload"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("", b"", "no_file"),
        ("roster.csv", b"", "no_file"),
        ("roster.pdf", b"%PDF", "wrong_ending"),
        ("roster.csv.gz", b"\x1f\x8b", "wrong_ending"),
        ("roster", b"x", "wrong_ending"),
    ],
)
def test_what_cannot_be_a_roster_is_refused_by_its_name(name, content, reason):
    with pytest.raises(UploadError) as error, received(name, io.BytesIO(content)):
        pass
    assert error.value.reason == reason


def test_what_landing_could_not_read_is_refused_with_its_words_and_nothing_is_kept(small, query):
    tables = ("ops.file_ledger", "ops.quarantine", "raw.roster", "ops.roster_upload")
    counts = [query(f"select count(*) from {table}") for table in tables]
    wrong = (
        ("roster.xlsx", "no workbook", "unreadable", "workbook"),
        ("roster.csv", ROSTER_HEADER + "NIX,A1,2026-11-24,P,pic\n", "no_entries", "NIX"),
    )
    for name, content, reason, words in wrong:
        with pytest.raises(UploadError) as error:
            upload(small, content, name)
        assert (error.value.reason, words in error.value.detail) == (reason, True), name
    assert [query(f"select count(*) from {table}") for table in tables] == counts
    assert len(list((small.landing / "roster").iterdir())) == 1


def test_a_name_loses_its_folders_and_what_cannot_be_stored():
    assert original_name("C:\\fake\\a\x00b.csv") == "ab.csv"
    assert original_name("/etc/../passwd") == "passwd"
    assert original_name("\ud800.csv") == "?.csv"
    assert len(original_name("x" * 5000 + ".csv")) == 200
