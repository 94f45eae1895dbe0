"""The ROTG checklist at the desk: who may look at whose floor, and what the pages say and keep."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from rtm.cycle import System
from rtm.desk.rotg_page import FOUND, NOTE_OF
from tests.desk.test_plan_pages import assert_told_first, words_of
from tests.small_centre import DAY, MORNING
from tests.small_desk import EVERYBODY, SmallDesk

EVENTS = "event_id,occurred_at,agent_id,event,state\n"
OF = {"service": "KARTU", "date": str(DAY), "shift": "P", "team": "T1"}
ITEMS = ["screen_unlocked", "phone_on_desk"]
NOTHING = {"item": ITEMS, "result": "nothing"}
PHONE = {"item": ITEMS, "result": "something", f"{FOUND}A1": ["phone_on_desk"]}
EVIL = "<script>alert(1)</script>"
SERVER = {None: 401, "A1": 403, "W1": 403, "admin": 403}
"""Who has the right nowhere, whatever is asked for."""


@pytest.fixture
def small(system: System, deliver, tmp_path, begin) -> SmallDesk:
    """A quarter past ten; A1 and A3 have logged in, and nobody has seen A2."""
    desk = SmallDesk(system, tmp_path / "landing")
    logins = "".join(
        f"{agent},{(MORNING - timedelta(minutes=5)).isoformat()},{agent},login,ready\n"
        for agent in ("A1", "A3", "L1")
    )
    deliver("agent_event", "logins.csv", EVENTS + logins, MORNING)
    desk.now = MORNING + timedelta(hours=2, minutes=14)
    desk.prepare(deliver, begin, "quarter_past_ten")
    return desk


@pytest.fixture
def reader(small):
    return small.reader


def form(**changed):
    of = {**OF, **changed}
    return "/rotg/new?" + "&".join(f"{name}={value}" for name, value in of.items())


def send(reader, fields=NOTHING, of=(), **more):
    """As the form would that was read just now."""
    known = {"csrf_token": reader.token(), **OF, **dict(of)}
    page = reader.get(form(**dict(of))).text
    revision = re.search(r'name="revision" value="(\d+)"', page)
    known["revision"] = revision[1] if revision else "0"
    return reader.client.post("/rotg", data={**known, **fields, **more})


def recorded(reader, fields=NOTHING, **more):
    """The path of a round that was taken."""
    answer = send(reader, fields, **more)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("?")[0]


def void(reader, path, reason="Salah tim"):
    data = {"csrf_token": reader.token(), "reason": reason}
    return reader.client.post(f"{path}/void", data=data)


def rounds(query):
    return [row["checked_by"] for row in query("select * from ops.rotg_round order by round_id")]


def test_a_round_goes_from_today_through_its_form_to_its_voiding(reader, small, query):
    lia, koko = reader("L1"), reader("K1", "en")
    today = lia.text("/")
    assert "Tata tertib yang belum diperiksa Tim Satu, P" in today
    assert "Tim Dua, P" not in today and "Tim Dua, P" in koko.text("/")
    assert "Tim Satu , Kartu Kredit P, Sen 23 Nov 2026 08:00 WIB – 17:00 WIB 2" in lia.text("/rotg")
    asked = lia.text(form())
    assert "Ani (A1)" in asked and "Budi (A2) ◷ belum login" in asked
    assert "Lia (L1)" not in asked and "Cici" not in asked
    assert "Layar ditinggal tanpa dikunci" in asked
    assert "Screen left unlocked and unattended" in koko.text(form())
    answer = send(lia, PHONE, **{f"{NOTE_OF}A1": "Dua ponsel", "note": "Sebelum istirahat"})
    assert re.fullmatch(r"/rotg/\d+\?done=check", answer.headers["location"])
    told = lia.text(answer.headers["location"])
    assert "Pemeriksaan tercatat" in told and "Sebelum istirahat" in told
    assert "Ani A1 Ponsel pribadi di meja kerja Dua ponsel" in told
    assert "Tata tertib yang belum diperiksa" not in lia.text("/")
    assert "checked 10:15 WIB by Lia" in koko.text("/rotg")
    assert "Findings: 1" in koko.text("/rotg").split("Rounds, newest first")[-1]
    small.cycle()
    (violation,) = query("select * from marts.fct_rotg_violation where rule_code like 'floor:%'")
    assert violation["agent_id"] == "A1"
    path = answer.headers["location"].split("?")[0]
    gone = void(koko, path, "A guest's phone")
    assert gone.headers["location"] == f"{path}?done=void"
    assert "Counts no more, because: A guest's phone" in koko.text(path)
    assert "dibatalkan" in lia.text("/rotg")
    number = path.split("/")[-1]
    audit = lia.text("/audit")
    assert f"Koko Pemeriksaan dibatalkan Pemeriksaan tata tertib {number} , Kartu Kredit" in audit
    assert not re.search(rf'action="{path}/void"', lia.get(path).text)
    assert "Tata tertib yang belum diperiksa" in lia.text("/")
    small.cycle()
    assert query("select from marts.fct_rotg_violation where rule_code like 'floor:%'") == []


def test_every_route_asks_every_role(reader, small, query):
    """L1 and D1 lead T1, L2 another team, K1 coordinates both, L9 is of another service."""
    path = recorded(reader("K1"), PHONE)
    allowed = {
        ("GET", "/rotg"): dict.fromkeys(("L1", "D1", "L2", "K1", "L9"), 200),
        ("GET", form()): {"L1": 200, "D1": 200, "K1": 200},
        ("GET", form(team="T2")): {"L2": 200, "K1": 200},
        ("GET", path): {"L1": 200, "D1": 200, "L2": 200, "K1": 200, "L9": 404},
        ("POST", "/rotg"): {"L1": 303, "D1": 303, "K1": 303},
        ("POST", f"{path}/void"): {"L9": 404, "L1": 303, "D1": 422, "K1": 422},
    }
    for (method, address), told in allowed.items():
        expected = {name: SERVER.get(name, told.get(name, 403)) for name in EVERYBODY}
        got = {}
        for name in EVERYBODY:
            newest = query("select max(round_id) as id from ops.rotg_round")[0]["id"]
            fields = {**OF, **NOTHING, "revision": str(newest), "reason": "x"}
            sent = {"data": {**fields, "csrf_token": small.token(name)}} if method == "POST" else {}
            got[name] = reader(name).client.request(method, address, **sent).status_code
        assert got == expected, (method, address)
    assert rounds(query) == ["K1", "L1", "D1", "K1"]
    assert [row["voided_by"] for row in query("select * from ops.rotg_void")] == ["L1"]
    for name in EVERYBODY:
        shown = reader(name).get("/").text
        assert ('href="/rotg"' in shown) is (name in ("L1", "D1", "L2", "K1", "L9")), name


def test_a_form_is_offered_to_those_who_may_send_it(reader):
    path = recorded(reader("K1"), {**PHONE, f"{FOUND}L1": ["phone_on_desk"]})
    offered = {
        name: bool(re.search(rf'action="{path}/void"', reader(name).get(path).text))
        for name in ("L1", "L2", "K1")
    }
    assert offered == {"L1": False, "L2": False, "K1": True}
    # Whoever was found cannot void it, though it is the team that they lead
    assert "tentang dirinya sendiri" in reader("L1").text(path)
    answer = void(reader("L1"), path)
    assert answer.status_code == 422
    assert "tentang dirinya sendiri" in answer.text


WRONG = {
    "Nyatakan hasilnya": {"item": ITEMS},
    "tidak sesuai dengan yang dicentang": {**PHONE, "result": "nothing"},
    "paling sedikit satu butir": {"result": "nothing"},
    "Daftar periksa berubah": {**NOTHING, "item": [*ITEMS, "smoking"]},
    "tidak dicentang sebagai diperiksa": {**PHONE, "item": ["screen_unlocked"]},
    "bukan dari tim ini": {**PHONE, f"{FOUND}A3": ["phone_on_desk"]},
    "tentang dirinya sendiri": {**PHONE, f"{FOUND}L1": ["phone_on_desk"]},
    "catatan tentang agent tanpa temuan": {**PHONE, f"{NOTE_OF}A2": "Rapi"},
}


def test_what_cannot_be_recorded_comes_back_as_it_was_filled_in(reader, query):
    lia = reader("L1")
    for told, fields in WRONG.items():
        answer = send(lia, fields, note="Sebelum istirahat")
        assert len(assert_told_first(answer)) == 1, told
        assert told in words_of(answer.text)
        assert ">Sebelum istirahat</textarea>" in answer.text
        for item in ("screen_unlocked", "phone_on_desk", "dress_code"):
            is_ticked = f'name="item" value="{item}" checked' in answer.text
            assert is_ticked is (item in fields.get("item", [])), (told, item)
        ticked = f'name="{FOUND}A1" value="phone_on_desk" checked' in answer.text
        assert ticked is (f"{FOUND}A1" in fields), told
    assert query("select from ops.rotg_round") == []
    assert query("select from ops.rotg_finding") == []


def test_of_two_who_check_the_same_floor_the_second_is_told_and_may_go_on(reader, query):
    lia, koko = reader("L1"), reader("K1", "en")
    token, seen = koko.token(), koko.get(form()).text
    recorded(lia)
    first = {**OF, "csrf_token": token, "revision": re.search(r'"revision" value="(\d+)"', seen)[1]}
    answer = koko.client.post("/rotg", data={**first, **PHONE})
    assert answer.status_code == 409
    assert "Lia recorded a round of this team at 10:15:00 WIB" in words_of(answer.text)
    assert f'name="{FOUND}A1" value="phone_on_desk" checked' in answer.text
    assert rounds(query) == ["L1"]
    again = re.search(r'"revision" value="(\d+)"', answer.text)[1]
    assert koko.client.post("/rotg", data={**first, **PHONE, "revision": again}).status_code == 303
    assert rounds(query) == ["L1", "K1"]
    # The same form once more, by the button Back
    assert koko.client.post("/rotg", data={**first, **PHONE, "revision": again}).status_code == 409


def test_texts_are_cut_at_their_measure_and_markup_stays_text(reader, query):
    lia = reader("L1")
    notes = {f"{NOTE_OF}A1": EVIL + "x" * 5000, "note": EVIL + "y" * 5000}
    path = recorded(lia, PHONE, **notes)
    assert void(lia, path, EVIL + "z" * 5000).status_code == 303
    (kept,) = query("select note from ops.rotg_round")
    (found,) = query("select note from ops.rotg_finding")
    (voided,) = query("select reason from ops.rotg_void")
    assert {len(text) for row in (kept, found, voided) for text in row.values()} == {4000}
    shown = lia.get(path).text
    assert "<script>alert" not in shown
    assert shown.count("&lt;script&gt;") == 3


def test_a_shift_is_checked_while_it_runs_and_what_is_seen_later_is_called_late(
    reader, small, query
):
    lia = reader("L1")
    small.cycle(MORNING + timedelta(hours=9, minutes=1) - small.now)
    assert "berakhir tanpa diperiksa" in lia.text("/rotg")
    assert "Tata tertib yang belum diperiksa" not in lia.text("/")
    assert "tidak dihitung tepat waktu" in lia.text(form())
    path = recorded(lia, PHONE)
    assert "sesudah shift berakhir" in lia.text(path)
    assert "sesudah shift berakhir" in lia.text("/rotg")
    small.cycle(MORNING + timedelta(hours=21) - small.now)
    assert "lebih dari 12 jam berakhir" in lia.text(form())
    answer = send(lia)
    assert answer.status_code == 422
    assert "Tim Satu" not in lia.text("/rotg").split("Pemeriksaan, terbaru")[0]
    assert rounds(query) == ["L1"]


def test_forms_of_others_change_nothing_and_addresses_that_are_none_are_no_pages(reader, query):
    lia, koko = reader("L1"), reader("K1")
    path = recorded(lia)
    for token in ("", "1.made-up", lia.token()):
        for address, fields in (("/rotg", {**OF, **NOTHING}), (f"{path}/void", {"reason": "x"})):
            answer = koko.client.post(address, data={**fields, "csrf_token": token})
            assert answer.status_code == 403
    for address in ("/rotg/999", "/rotg/x", f"/rotg/{2**70}", "/rotg/new", form(date="besok")):
        assert koko.get(address).status_code == 404, address
    for changed in ({"shift": "M"}, {"team": "T0"}, {"date": "2026-11-25"}, {"shift": "%00"}):
        assert koko.get(form(**changed)).status_code == 404, changed
    assert koko.get(form(service="LAIN")).status_code == 403
    assert koko.get("/rotg?before=x").status_code == 422
    assert void(koko, "/rotg/999").status_code == 404
    assert rounds(query) == ["L1"] and query("select from ops.rotg_void") == []


def test_rounds_are_listed_page_by_page(reader, warehouse):
    lia = reader("L1")
    recorded(lia)
    copies = (
        "insert into ops.rotg_round (service_code, roster_date, shift_code, team_code, items,"
        " checked_by, checked_at) select service_code, roster_date, shift_code, team_code, items,"
        " 'K1', checked_at - interval '1 day' from ops.rotg_round, generate_series(1, 60)"
    )
    with warehouse.engine().begin() as connection:
        connection.exec_driver_sql(copies)
    newest = lia.get("/rotg").text
    older = re.search(r'href="(/rotg\?before=\d+)"', newest)[1]
    numbers = [
        set(re.findall(r'href="/rotg/(\d+)"', lia.get(page).text)) for page in ("/rotg", older)
    ]
    assert len(numbers[1]) == 11
    assert "Tim Anda dalam shift" not in lia.text(older)
