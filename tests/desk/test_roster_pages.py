"""Rosters at the desk: uploading, the verdict with its cells, the way back, the distribution."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from rtm.desk.bodies import LARGEST_BODY
from tests.small_centre import DAY
from tests.small_desk import EVERYBODY, whole_roster

TOMORROW = DAY + timedelta(days=1)
BAD = whole_roster(TOMORROW).replace("A2,2026-11-24,P", "A2,2026-11-24,ZZ")


@pytest.fixture
def reader(small):
    return small.reader


def send(small, name, content=BAD, file_name="Roster.csv", step="send", token=None):
    fields = {"csrf_token": small.token(name) if token is None else token, "step": step}
    files = {"file": (file_name, content.encode() if isinstance(content, str) else content)}
    return small.reader(name).client.post("/rosters/upload", data=fields, files=files)


def test_an_upload_is_judged_and_its_cells_come_back(reader, small):
    lia = reader("L1")
    answer = send(small, "L1", file_name="<b>Roster.csv")
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    assert "Menunggu siklus berikutnya" in lia.text(path)
    number = path.split("/")[-1]
    assert f"Lia Diunggah Unggahan roster {number} , Kartu Kredit" in lia.text("/audit")
    assert "&lt;b&gt;Roster.csv" in lia.get("/rosters").text
    small.cycle()
    assert "tidak sah" in lia.text(path)
    version = re.search(r'href="(/rosters/versions/\d+)"', lia.get(path).text)[1]
    shown = lia.text(version)
    assert "ZZ" in shown and "A2" in shown and "Lia" in shown
    assert "baris 3" in shown
    assert "<b>Roster" not in lia.get(version).text
    book = lia.get(f"{version}/answer")
    assert book.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert load_workbook(io.BytesIO(book.content)).sheetnames


def test_a_valid_one_is_published_and_its_distribution_is_proved(reader, small):
    path = send(small, "W1", whole_roster(TOMORROW)).headers["location"]
    small.cycle()
    koko = reader("K1", "en")
    version = re.search(r'href="(/rosters/versions/\d+)"', koko.get(path).text)[1]
    shown = koko.text(version)
    assert "valid" in shown and "Wati" in shown
    assert all(f"{who}@bank.example" in shown for who in ("lia", "dedi", "lukman"))
    assert "No finding." in shown
    listed = koko.text("/rosters")
    assert "Roster.csv" in listed


def test_a_check_only_says_what_would_come_and_keeps_nothing(small, query):
    answer = send(small, "L1", step="check")
    assert answer.status_code == 200
    assert "KARTU, 2026-11-24 – 2026-11-24, 4 orang" in answer.text
    assert query("select from ops.roster_upload") == []
    assert len(list((small.landing / "roster").iterdir())) == 1


def test_every_route_asks_every_role(reader, small, query):
    upload = send(small, "K1").headers["location"]
    small.cycle()
    (row,) = query("select version_id from ops.roster_version where verdict = 'invalid'")
    version = f"/rosters/versions/{row['version_id']}"
    outside = {None: 401, "A1": 403, "L9": 403}
    for name in EVERYBODY:
        for path in (upload, version, f"{version}/answer"):
            assert reader(name).get(path).status_code == outside.get(name, 200), (name, path)
        listed = {None: 401, "A1": 403}.get(name, 200)
        assert reader(name).get("/rosters").status_code == listed, name
        form = {None: 401, "A1": 403, "admin": 403}.get(name, 200)
        assert reader(name).get("/rosters/upload").status_code == form, name
    assert "Roster.csv" not in reader("L9").text("/rosters")


def test_a_roster_is_uploaded_for_services_of_the_visitor_alone(small, query):
    expected = {None: 401, "A1": 403, "L9": 403, "admin": 403}
    for n, name in enumerate(EVERYBODY):
        content = whole_roster(TOMORROW + timedelta(days=n))
        assert send(small, name, content).status_code == expected.get(name, 303), name
    assert len(query("select from ops.roster_upload")) == len(EVERYBODY) - len(expected)
    assert len(list((small.landing / "roster").iterdir())) == len(EVERYBODY) - len(expected) + 1


def test_what_cannot_be_taken_is_told_and_nothing_is_sent(small, query):
    told = (
        ("roster.pdf", b"%PDF", "Jenis berkas ini"),
        ("roster.xlsx", b"x", "tidak terbaca"),
        ("roster.csv", b"", "Pilih berkas"),
        ("<i>.csv", b"a,b\n1,2\n", "&lt;i&gt;.csv"),
    )
    for name, content, words in told:
        answer = send(small, "L1", content, name)
        assert (answer.status_code, words in answer.text) == (422, True), answer.text
        assert "<i>" not in answer.text
    assert send(small, "L1", b"x" * (LARGEST_BODY + 1)).status_code == 413
    assert query("select from ops.roster_upload") == []


def test_a_form_from_elsewhere_sends_nothing(small, query):
    for token in ("", small.token("K1")):
        assert send(small, "L1", token=token).status_code == 403
    assert query("select from ops.roster_upload") == []


def test_nothing_is_recorded_where_the_landing_folder_cannot_be_written(small, query):
    (small.landing / "roster").rename(small.landing / "gone")
    (small.landing / "roster").write_text("in the way")
    answer = send(small, "L1")
    assert answer.status_code == 503
    assert "Folder landing tidak dapat ditulisi" in answer.text
    assert query("select from ops.roster_upload") == []


def test_numbers_that_are_none_are_no_pages(reader):
    for path in ("/rosters/versions/999", "/rosters/uploads/999", f"/rosters/versions/{2**70}"):
        assert reader("K1").get(path).status_code == 404
    assert reader("K1").get("/rosters/versions/999/answer").status_code == 404
