"""Coaching at the desk: who reads, who decides about whom, what is shown and kept."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from rtm.coaching import Change, change_coaching, follow_coaching
from rtm.coaching.lifecycle import Action
from rtm.desk.app import create_desk
from rtm.desk.parts import Desk, Doors
from rtm.warehouse import Role
from tests.coaching.conftest import add_matter, floor  # noqa: F401 (fixture)
from tests.desk.test_plan_pages import Reader, assert_told_first, identify, words_of
from tests.small_centre import MORNING

LIST, AGENT = "/coaching", "/coaching/agents/A1"
READERS = {
    None: 401,
    "A1": 403,
    "W1": 403,
    "admin": 403,
    "L1": 200,
    "K1": 200,
    "L2": 200,
}
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def case(floor):  # noqa: F811
    """A1 is proposed coaching; L1, who leads the same team, a reminder; so is A3 of the other."""
    warehouse = floor.warehouse
    add_matter(warehouse, "rotg", subject="two_stations")
    add_matter(warehouse, "aux_allowance", subject="ISTIRAHAT")
    for agent in ("L1", "A3"):
        add_matter(warehouse, "no_show", agent=agent)
    assert follow_coaching(warehouse, MORNING).proposed == 3
    with warehouse.transaction(Role.APP) as connection:
        rows = connection.exec_driver_sql("select agent_id, coaching_id from ops.coaching").all()
    return dict(rows)


@pytest.fixture
def reader(floor):  # noqa: F811
    warehouse = floor.warehouse
    doors = Doors(lambda path: f"/auth/login?next={path}", "/auth/logout")
    now = MORNING + timedelta(hours=1)
    parts = Desk(floor.settings, b"secret", doors, lambda: warehouse, lambda: now)
    app = create_desk(parts, identify)
    return lambda name, language="id": Reader(app, name, language)


def post(reader, number, action, page=AGENT, revision=None, **fields):
    """Sends a form as the page of the agent would."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', reader.get("/").text)
    known = {"csrf_token": token[1] if token else "", "revision": revision or "0"}
    return reader.client.post(f"/coaching/{number}/{action}", data=known | fields)


def decided(query):
    rows = query("select * from ops.coaching where status <> 'proposed' order by coaching_id")
    return [(row["agent_id"], row["status"], row["step"], row["decided_by"]) for row in rows]


def test_a_proposal_is_read_issued_and_followed_up(reader, case, query):
    lia, koko = reader("L1"), reader("K1", "en")
    waits = "Pembinaan yang menunggu Anda"
    assert f"{waits} Ani , Kartu Kredit: Pembinaan, usulan sejak 23 Nov" in lia.text("/")
    told = lia.text(LIST)
    assert "Ani (A1) Tim Satu, Kartu Kredit Pembinaan" in told
    assert "2 kejadian" in told
    told = lia.text(AGENT)
    assert "Sen 23 Nov 2026 P Login di dua tempat sekaligus 15 mnt 5 mnt tetap" in told
    assert "AUX ISTIRAHAT melebihi jatah" in told
    answer = post(lia, case["A1"], "issue", step="reminder", note="Akun uji coba")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{AGENT}?done=issue")
    assert decided(query) == [("A1", "issued", "reminder", "L1")]
    assert waits not in lia.text("/"), "of A1 it is decided, and Lia's own is not hers to decide"
    assert "Akun uji coba" in lia.text(AGENT)
    assert "Verbal reminder, issued" in koko.text(AGENT)
    assert "30 Nov 2026 09:00 WIB" in koko.text(LIST).split("Waits for its follow-up")[1]
    assert post(koko, case["A1"], "follow_up", revision="1", note="One account").status_code == 303
    assert "Followed up" in koko.text(f"{AGENT}?done=follow_up")
    assert "One account" in lia.text(AGENT)
    in_force = koko.text(LIST).split("In force")[1]
    assert "Ani (A1)" in in_force
    kept = query("select actor, action from ops.audit where subject = 'coaching' order by audit_id")
    assert [(row["actor"], row["action"]) for row in kept][3:] == [
        ("L1", "issue"),
        ("K1", "follow_up"),
    ]
    audit = koko.text("/audit")
    assert f"Followed up Coaching {case['A1']} , Ani, Kartu Kredit One account" in audit
    assert f"RTM system Proposed Coaching {case['A1']} , Ani" in audit
    assert "One account" not in reader("admin").text("/audit")


def test_who_may_read_is_a_matter_of_the_right_to_decide(reader, case):
    for path in (LIST, AGENT):
        assert {name: reader(name).get(path).status_code for name in READERS} == READERS
        for name, status in READERS.items():
            if status != 200:
                assert "Tim Satu" not in reader(name).get(path).text
    assert "/coaching" not in reader("W1").get("/").text
    assert 'href="/coaching"' in reader("L1").get("/").text


def test_only_who_leads_or_coordinates_the_team_decides_and_never_about_themselves(
    reader, case, query
):
    refused = [(n, a) for n in (*READERS, "K2") for a in case if (n, a) not in ALLOWED]
    assert len(refused) > 10
    for name, agent in refused:
        for action in ("issue", "dismiss", "follow_up"):
            answer = post(reader(name), case[agent], action, note="karena")
            assert answer.status_code == (401 if name is None else 403), (name, agent, action)
    assert decided(query) == []
    for name, agent in ALLOWED:
        # The right is there; that somebody else was first is another matter
        answer = post(reader(name), case[agent], "dismiss", note="karena")
        assert answer.status_code in (303, 409), (name, agent)
    assert [row[0] for row in decided(query)] == sorted(case, key=case.__getitem__)


def test_who_has_moved_is_for_the_coordinators_of_the_service_that_proposed(
    reader,
    case,
    floor,  # noqa: F811
    query,
):
    with floor.warehouse.engine().begin() as connection:
        connection.exec_driver_sql(
            "update raw.team set service_code = 'LAIN' where team_code = 'T1'"
        )
    assert query("select service_code from marts.dim_team where team_code = 'T1'") == [
        {"service_code": "LAIN"}
    ]
    assert query("select distinct service_code from marts.fct_coaching") == [
        {"service_code": "KARTU"}
    ]
    assert post(reader("K2"), case["A1"], "dismiss", note="pindah").status_code == 303


ALLOWED = {("L1", "A1"), ("K1", "A1"), ("K1", "L1"), ("L2", "A3"), ("K2", "A3")}


def test_a_form_is_offered_to_those_who_may_send_it(reader, case):
    for name in ("L1", "K1", "L2"):
        for agent in case:
            page = reader(name).get(f"/coaching/agents/{agent}").text
            offered = set(re.findall(r'action="/coaching/\d+/(\w+)"', page))
            expected = {"issue", "dismiss"} if (name, agent) in ALLOWED else set()
            assert offered == expected, (name, agent)
    own = reader("L1").text("/coaching/agents/L1")
    assert "Tidak ada yang memutuskan perkaranya sendiri" in own


def test_what_cannot_be_decided_comes_back_with_what_was_typed(reader, case, query):
    lia = reader("L1")
    for fields, told in (
        ({"step": "warning_1", "note": "Berat sekali"}, "lebih tinggi dari usulan"),
        ({"step": "nonsense", "note": "Berat sekali"}, "tidak ada pada tangga"),
        ({"step": "reminder"}, "Alasan atau catatan perlu ditulis"),
    ):
        answer = post(lia, case["A1"], "issue", **fields)
        assert answer.status_code == 422
        assert told in words_of(answer.text)
        assert fields.get("note", "") in answer.text
    answer = post(lia, case["A1"], "dismiss")
    assert assert_told_first(answer) == [f"note-{case['A1']}-dismiss"]
    assert post(lia, case["A1"], "follow_up", note="x").status_code == 422
    assert decided(query) == []


def test_the_second_of_two_who_decide_at_once_is_told(reader, case, floor):  # noqa: F811
    with floor.warehouse.transaction(Role.APP) as connection:
        change_coaching(connection, case["A1"], Change(Action.ISSUE, "K1", MORNING, 0))
    answer = post(reader("L1"), case["A1"], "dismiss", note="Tidak perlu")
    assert answer.status_code == 409
    assert "Koko sudah memutuskan pada 08:00:00 WIB" in words_of(answer.text)


def test_a_form_from_elsewhere_and_what_is_no_address_change_nothing(reader, case, query):
    lia = reader("L1")
    foreign = re.search(r'name="csrf_token" value="([^"]+)"', reader("K1").get("/").text)[1]
    for token in ("", "1.made-up", foreign):
        sent = {"csrf_token": token, "revision": "0", "note": "karena"}
        answer = lia.client.post(f"/coaching/{case['A1']}/dismiss", data=sent)
        assert answer.status_code == 403
    for number, action in ((case["A1"], "withdraw"), (case["A1"], "nonsense"), (999, "issue")):
        assert post(lia, number, action, note="karena").status_code == 404
    assert post(lia, 2**70, "issue").status_code == 404
    for path in ("/coaching/agents/nobody", "/coaching/agents/A%2F1", "/coaching/agents/%00"):
        assert lia.get(path).status_code == 404
    assert decided(query) == []


def test_the_list_is_narrowed_by_service_and_team(reader, case):
    lia = reader("L1")
    for query, shown in (
        ("", {"A1", "L1", "A3"}),
        ("?team=T2&service=", {"A3"}),
        ("?team=T1&service=KARTU", {"A1", "L1"}),
        ("?service=LAIN", set()),
        ("?team='", set()),
    ):
        page = lia.get(f"{LIST}{query}").text
        assert set(re.findall(r"/coaching/agents/(\w+)", page)) == shown, query
    assert "Tidak ada usulan yang menunggu" in lia.text(f"{LIST}?service=LAIN")
    assert "Belum pernah ada langkah" in lia.text("/coaching/agents/A2")


def test_each_block_of_the_list_has_its_own_pages_and_counts_all_that_there_is(
    reader,
    case,
    floor,  # noqa: F811
):
    """230 proposals of T1 stand before the one follow-up that is due, of A3 in T2."""
    lukman = reader("L2")
    assert post(lukman, case["A3"], "issue").status_code == 303
    more = (
        "insert into ops.coaching (service_code, agent_id, status_since, proposed_step,"
        " proposed_step_no, proposed_at)"
        " select service_code, 'P' || n, status_since, proposed_step, proposed_step_no, proposed_at"
        " from ops.coaching, generate_series(1, 230) as n where agent_id = 'A1'"
    )
    with floor.warehouse.engine().begin() as connection:
        connection.exec_driver_sql(more)
    told = lukman.text(LIST)
    assert "Menunggu keputusan 232 langkah" in told
    follow_ups = told.split("Menunggu tindak lanjut")[-1].split("Yang berlaku")[0]
    assert "1 langkah" in follow_ups and "Cici (A3)" in follow_ups
    assert "Tidak ada tindak lanjut yang menunggu" not in told
    seen, path = [], LIST
    while path:
        page = lukman.get(path).text
        proposed = page.split('id="issued"')[0]
        seen += re.findall(r"/coaching/agents/(\w+)", proposed)
        assert "Cici (A3)" in words_of(page.split('id="issued"')[1].split('id="in_force"')[0])
        following = re.search(r'rel="next" href="([^"]+)"', proposed)
        path = following[1].replace("&amp;", "&") if following else None
    assert len(seen) == len(set(seen)) == 232
    assert "Halaman 5 dari 5" in lukman.text(f"{LIST}?block=proposed&page=99")
    assert lukman.get(f"{LIST}?block=nonsense").status_code == 422
    assert lukman.get(f"{LIST}?block=issued&page=0").status_code == 422


def test_markup_in_notes_stays_text(reader, case):
    lia = reader("L1")
    post(lia, case["A1"], "dismiss", note=EVIL)
    page = lia.get(AGENT).text
    assert EVIL not in page and "&lt;script&gt;" in page
