"""Exceptions at the desk: who may ask and decide for whom, and what the pages say of it."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta

import pytest

from rtm.desk import exception_page
from rtm.floor.exceptions import Action
from tests.desk.test_plan_pages import assert_told_first, words_of
from tests.small_centre import DAY, REFERENCE
from tests.small_desk import EVERYBODY, MORE

WANTED = {
    "agent_id": "A2",
    "start_at": f"{DAY}T08:00",
    "end_at": f"{DAY}T17:00",
    "reason_code": "training",
    "reason": "Produk baru",
}


@pytest.fixture
def reader(small):
    return small.reader


def ask(reader, **changed):
    token = reader.token()
    return reader.client.post("/exceptions", data={"csrf_token": token, **WANTED, **changed})


def act(reader, path, action, **fields):
    return reader.client.post(f"{path}/{action}", data={"csrf_token": reader.token(), **fields})


def asked(reader, **changed):
    """The path of a request that was taken."""
    answer = ask(reader, **changed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("?")[0]


def test_a_request_goes_through_its_life_and_each_page_says_where_it_is(reader, small):
    lia, koko = reader("L1"), reader("K1", "en")
    path = asked(lia)
    assert "Keputusan diambil oleh orang lain" in lia.text(path)
    assert "Budi A2" in koko.text("/exceptions").split("In force today")[0]
    assert "Exceptions to be decided Budi , Kartu Kredit: training" in koko.text("/")
    assert "Pengecualian yang menunggu keputusan" not in lia.text("/")
    assert act(koko, path, "approve").status_code == 303
    assert "taken out by the next cycle" in koko.text(path)
    small.cycle()
    shown = koko.text(path)
    assert "the time is taken out" in shown
    assert "excused" in shown
    assert act(lia, path, "withdraw", note="Batal").status_code == 303
    assert "dihitung lagi mulai siklus berikutnya" in lia.text(path)
    assert "Batal" in lia.text("/exceptions")
    assert "Exceptions to be decided" not in koko.text("/")
    audit = lia.text("/audit")
    assert f"Lia Ditarik Pengecualian {path.split('/')[-1]} , Budi, Kartu Kredit Batal" in audit
    assert "Batal" not in reader("L9").text("/audit")


def test_the_two_whom_a_request_is_about_are_not_asked_to_decide_it(reader):
    """K1 coordinates the service, L1 leads the team of A2 and L2 another."""
    asked(reader("K1"))
    waits = "Pengecualian yang menunggu keputusan"
    assert {who: waits in reader(who).text("/") for who in ("K1", "L1", "L2")} == {
        "K1": False,
        "L1": True,
        "L2": False,
    }


@pytest.mark.parametrize("year", ["0001", "0202", "2020", "2033", "9999"])
def test_a_year_that_is_a_slip_is_a_wrong_field(reader, query, year):
    lia = reader("L1")
    for name in ("start_at", "end_at"):
        answer = ask(lia, **{name: f"{year}-01-01T00:00"})
        assert answer.status_code == 422
        assert "Lengkapi atau perbaiki:" in words_of(answer.text)
        assert re.findall(r'name="(\w+)"[^>]* aria-invalid', answer.text) == [name]
        assert f'value="{year}-01-01T00:00"' in answer.text
    assert query("select from ops.exception_request") == []
    for path in ("/exceptions", "/"):
        assert lia.get(path).status_code == 200


def test_what_is_in_force_today_is_shown_also_where_it_came_by_the_feed(reader, small, deliver):
    now = small.now
    deliver(
        "exception",
        "wfm.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by\n"
        f"X1,A1,{now.isoformat()},{(now + timedelta(hours=1)).isoformat()},Rapat,W1\n"
        f"X2,A2,{now.isoformat()},{(now + timedelta(hours=1)).isoformat()},Belum,\n"
        f"X9,A9,{now.isoformat()},{(now + timedelta(hours=1)).isoformat()},Lain,W1\n",
        now,
    )
    small.cycle()
    shown = reader("L1").text("/exceptions")
    assert "Rapat" in shown and "Wati" in shown
    assert "Belum" not in shown.split("Berlaku hari ini")[1]
    assert "Doni" not in shown
    assert "Doni" in reader("L9").text("/exceptions")


def test_what_is_wrong_with_a_request_is_told_first_and_leads_to_its_field(reader):
    lia = reader("L1")
    fields = assert_told_first(ask(lia, agent_id="", start_at="x", reason_code="", reason=""))
    assert fields == [f"field-{name}" for name in ("agent_id", "start_at", "reason_code", "reason")]
    path = asked(lia)
    assert assert_told_first(act(reader("K1"), path, "reject")) == ["note-reject"]


def test_what_has_no_room_is_counted_and_all_of_it_can_be_seen(reader, small, deliver, monkeypatch):
    monkeypatch.setattr(exception_page, "MOST_SHOWN", 1)
    monkeypatch.setattr("rtm.desk.today.MOST_OF_A_LIST", 1)
    now = small.now
    until = (now + timedelta(hours=1)).isoformat()
    deliver(
        "exception",
        "wfm.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by\n"
        f"X1,A1,{now.isoformat()},{until},Rapat,W1\nX2,A2,{now.isoformat()},{until},Rapat,W1\n",
        now,
    )
    small.cycle()
    koko = reader("K1")
    for hour in (8, 9, 10):
        asked(reader("L1"), start_at=f"{DAY}T{hour:02}:00")
    page = koko.get("/exceptions").text
    assert "Ditampilkan 1 dari 3." in page and "Ditampilkan 1 dari 2." in page
    whole = koko.get("/exceptions?all=waiting").text
    assert "dari 3." not in whole and "Ditampilkan 1 dari 2." in whole
    assert len(re.findall(r'href="/exceptions/\d+"', whole)) == 3
    whole = koko.get("/exceptions?all=in_force").text
    assert "dari 2." not in whole and "Ditampilkan 1 dari 3." in whole
    today = koko.get("/").text.split('id="exceptions"')[1]
    assert "Ditampilkan 1 dari 3." in today
    assert 'href="/exceptions?all=waiting#waiting">Lihat semua' in today
    assert koko.get("/exceptions?all=everything").status_code == 422


def test_team_leaders_answer_for_their_teams_and_coordinators_for_their_services(
    reader, small, query
):
    """Who may ask for whom: A2 is of L1's team, A3 of L2's, A9 of another service."""
    expected = {
        **dict.fromkeys(itertools.product(EVERYBODY, ("A2", "A3", "A9")), 403),
        **{(None, agent): 401 for agent in ("A2", "A3", "A9")},
        **dict.fromkeys(
            [("L1", "A2"), ("D1", "A2"), ("L2", "A3"), ("K1", "A2"), ("K1", "A3")], 303
        ),
        ("L9", "A9"): 303,
    }
    got = {}
    for n, (name, agent) in enumerate(expected):
        times = {"start_at": f"{DAY}T08:{n:02}", "end_at": f"{DAY}T09:00"}
        data = {"csrf_token": small.token(name), **WANTED, "agent_id": agent, **times}
        got[name, agent] = reader(name).client.post("/exceptions", data=data).status_code
    assert got == expected
    assert len(query("select from ops.exception_request")) == 6


def test_every_route_asks_every_role(reader, small, query):
    path = asked(reader("K1"))
    reads = {None: 401, "A1": 403, "L9": 403}
    for name in EVERYBODY:
        assert reader(name).get(path).status_code == reads.get(name, 200), name
        listed = 403 if name == "A1" else 401 if name is None else 200
        assert reader(name).get("/exceptions").status_code == listed, name
        new = 403 if name in ("A1", "W1", "admin") else 401 if name is None else 200
        assert reader(name).get("/exceptions/new").status_code == new, name
    refused = [name for name in EVERYBODY if name not in ("L1", "D1", "K1")]
    for name, action in itertools.product(refused, Action):
        sent = {"csrf_token": small.token(name), "note": "x"}
        answer = reader(name).client.post(f"{path}/{action}", data=sent)
        assert answer.status_code == (401 if name is None else 403), (name, action)
        if name not in reads:
            assert not re.search(rf'action="{path}/\w+"', reader(name).get(path).text), name
    # Who asked may take it back and decides nothing
    assert act(reader("K1"), path, "approve").status_code == 422
    assert query("select status from ops.exception_request") == [{"status": "waiting"}]
    assert act(reader("L1"), path, "approve").status_code == 303


def test_what_was_written_about_an_absence_is_for_its_team_and_those_who_decide_alone(
    reader, small, deliver
):
    """A2 is of L1's team; K1 coordinates the service; L2 leads another team, W1 is its WFM."""
    path = asked(reader("L1"), reason_code="health", reason="Demam berdarah")
    now = small.now
    deliver(
        "exception",
        "wfm.csv",
        "exception_id,agent_id,start_at,end_at,reason,approved_by\n"
        f"X1,A1,{now.isoformat()},{(now + timedelta(hours=1)).isoformat()},Operasi mata,W1\n",
        now,
    )
    assert act(reader("K1"), path, "approve", note="Surat dokter").status_code == 303
    small.cycle()
    assert act(reader("L1"), path, "withdraw", note="Sudah sembuh").status_code == 303
    # In force until the next cycle, decided, on its own page, in the audit
    small_texts = ("Demam berdarah", "Operasi mata", "Surat dokter", "Sudah sembuh")
    seen = {}
    for name in ("L1", "K1", "L2", "W1", "admin"):
        pages = ["/exceptions", path, *(["/audit"] if name != "W1" else [])]
        told = " ".join(reader(name).text(page) for page in pages)
        seen[name] = {text for text in small_texts if text in told}
        assert "Budi" in told and "kesehatan" in told and "Koko" in told, name
        assert ("hanya untuk yang memutuskan" in told) is (name not in ("L1", "K1")), name
    assert seen == {
        "L1": set(small_texts),
        "K1": set(small_texts),
        **{name: set() for name in ("L2", "W1", "admin")},
    }


def test_who_asked_reads_what_they_wrote_also_after_they_lead_that_team_no_more(
    reader, small, deliver
):
    path = asked(reader("L1"), reason="Demam berdarah")
    moved = REFERENCE["team"].replace("KARTU,L1,K1", "KARTU,L2,K1") + MORE["team"]
    moved = moved.replace("T2,Tim Dua,KARTU,L2,K1", "T2,Tim Dua,KARTU,L1,K1")
    people = (REFERENCE["agent"] + MORE["agent"]).replace("team_leader,T1", "team_leader,T2")
    deliver("team", "moved.csv", moved, small.now)
    deliver("agent", "moved.csv", people, small.now)
    small.cycle()
    assert "Demam berdarah" in reader("L1").text(path)
    other = asked(reader("K1"), start_at=f"{DAY}T07:00", end_at=f"{DAY}T07:30", reason="Rahasia")
    assert "Rahasia" not in reader("L1").text(other)


def test_what_lacks_is_named_and_what_was_typed_stays(reader, query):
    lia = reader("L1")
    answer = ask(lia, end_at=f"{DAY}T07:00", reason="Produk baru")
    assert answer.status_code == 422
    assert "Lengkapi atau perbaiki: Sampai" in words_of(answer.text)
    assert ">Produk baru</textarea>" in answer.text
    assert 'aria-invalid="true"' in answer.text
    answer = ask(lia, start_at="besok", reason_code="x", reason=" ")
    assert "Dari , Kategori alasan , Alasan ." in words_of(answer.text)
    asked(lia)
    assert "sudah diminta atau disetujui" in ask(lia).text
    assert len(query("select from ops.exception_request")) == 1


def test_nothing_is_decided_where_it_cannot_be_delivered(reader, query, tmp_path):
    path = asked(reader("L1"))
    (tmp_path / "landing" / "exception").write_text("in the way")
    answer = act(reader("K1"), path, "approve")
    assert answer.status_code == 503
    assert "Folder landing tidak dapat ditulisi" in answer.text
    assert query("select status from ops.exception_request") == [{"status": "waiting"}]


def test_forms_of_others_change_nothing_and_numbers_that_are_none_are_no_pages(reader, query):
    lia, koko = reader("L1"), reader("K1")
    path = asked(lia)
    for token in ("", "1.made-up", lia.token()):
        answer = koko.client.post(f"{path}/approve", data={"csrf_token": token})
        assert answer.status_code == 403
    for other in ("/exceptions/999", "/exceptions/x", f"/exceptions/{2**70}"):
        assert koko.get(other).status_code == 404
    assert act(koko, path, "nonsense").status_code == 404
    assert query("select status from ops.exception_request") == [{"status": "waiting"}]


def test_markup_in_texts_stays_text(reader):
    evil = "<script>alert(1)</script>"
    path = asked(reader("L1"), reason=evil)
    act(reader("K1"), path, "reject", note=evil)
    for page in (path, "/exceptions"):
        text = reader("K1").get(page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text
