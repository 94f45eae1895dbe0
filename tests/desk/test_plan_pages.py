"""Recovery plans and their audit at the desk: who may take which step, what is shown and kept."""

from __future__ import annotations

import io
import itertools
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from fastapi import HTTPException, Request
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from rtm.cycle import run_cycle
from rtm.desk import today
from rtm.desk.app import create_desk
from rtm.desk.identity import SignedIn
from rtm.desk.parts import Desk, Doors
from rtm.desk.plan_turns import RIGHT_FOR
from rtm.desk.rights import GRANTS, Position, Right
from rtm.recovery import remove_expired
from rtm.recovery.lifecycle import Action
from rtm.warehouse import Role
from tests.recovery.conftest import MINUTE, TEN, missed, plan_id  # noqa: F401 (fixtures)
from tests.small_centre import MORNING, REFERENCE, roster

USER = "x-test-user"
PLAN = {
    "cause_category": "system",
    "why1": "Kabel putus",
    "correction": "Alihkan",
    "corrective_action": "Pantau",
    "responsible": "L2",
    "due_at": "2030-01-01T10:00",
    "horizon_min": "240",
    "on_target_intervals": "2",
}
PEOPLE = {
    "L1": Position.TEAM_LEADER,
    "K1": Position.COORDINATOR,
    "W1": Position.WFM,
    "admin": Position.ADMINISTRATOR,
}


def identify(request: Request) -> SignedIn:
    name = request.headers.get(USER)
    if not name:
        raise HTTPException(401)
    return SignedIn(name, is_administrator=name == "admin")


class Reader:
    """Somebody at the desk, in one language."""

    def __init__(self, app, name, language):
        headers = {"accept-language": language, "accept": "text/html"}
        headers |= {USER: name} if name else {}
        self.client = TestClient(app, headers=headers, follow_redirects=False)

    def get(self, path):
        return self.client.get(path)

    def text(self, path):
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return words_of(answer.text)

    def token(self):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.get("/").text)[1]

    def post(self, plan, action, **fields):
        """Sends a form as the page of the plan would, with the revision that it shows."""
        page = self.get(plan).text
        revision = re.search(r'name="revision" value="(\d+)"', page)
        known = {"csrf_token": self.token(), "revision": revision[1] if revision else "0"}
        return self.client.post(f"{plan}/{action}", data={**known, **fields})


class _Words(HTMLParser):
    def __init__(self):
        super().__init__()
        self.words = []

    def handle_data(self, data):
        self.words.append(data)


def words_of(html):
    """What a reader reads."""
    parser = _Words()
    parser.feed(html)
    return " ".join(" ".join(parser.words).split())


class Clock:
    """Time at the desk, which passes only here."""

    now = TEN + 6 * MINUTE


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reader(missed, clock):  # noqa: F811
    warehouse = missed.warehouse
    doors = Doors(lambda path: f"/auth/login?next={path}", "/auth/logout")
    parts = Desk(missed.settings, b"secret", doors, lambda: warehouse, lambda: clock.now)
    desk = create_desk(parts, identify)
    return lambda name, language="id": Reader(desk, name, language)


@pytest.fixture
def plan(plan_id):  # noqa: F811
    return f"/plans/{plan_id}"


def test_a_plan_goes_from_its_draft_to_its_closing_by_two_people(reader, plan, query):
    lia, koko = reader("L1"), reader("K1", "en")
    assert "0,0 %" in lia.text(plan)
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    assert "Verifikasi dilakukan oleh orang lain" in lia.text(plan)
    assert koko.post(plan, "return", note="Which cable?").status_code == 303
    assert "Which cable?" in lia.text(plan)
    assert 'value="Kabel putus"' in lia.get(plan).text
    assert lia.post(plan, "submit", **PLAN, why2="Tikus").status_code == 303
    assert koko.post(plan, "verify").status_code == 303
    assert lia.post(plan, "start").status_code == 303
    assert lia.post(plan, "finish", note="Kabel baru").status_code == 303
    assert koko.post(plan, "close", note="Cukup").status_code == 303
    assert "Kabel baru" in koko.text(plan)
    (kept,) = query("select * from ops.recovery_plan")
    assert (kept["status"], kept["author"], kept["verifier"]) == ("closed", "L1", "K1")
    assert kept["whys"] == ["Kabel putus", "Tikus"]
    assert kept["due_at"] == datetime(2030, 1, 1, 3, tzinfo=UTC)
    audit = koko.text("/audit")
    assert "Which cable?" in audit
    assert "Returned" in audit


def test_the_page_says_by_when_the_next_step_is_due_what_the_gap_is_and_by_which_formula(
    reader, clock, plan, query
):
    lia, koko = reader("L1"), reader("K1", "en")
    told = lia.text(plan)
    assert (
        "isi dan ajukan, paling lambat 23 Nov 2026 10:20 WIB: ◷ 14 mnt lagi ."
        " Bila belum dilakukan, koordinator diberi tahu 23 Nov 2026 10:20 WIB." in told
    )
    (breach,) = query("select breach_id from ops.recovery_plan")
    for path, reads in ((plan, lia), (f"/breaches/{breach['breach_id']}", lia)):
        told = reads.text(path)
        assert "Selisih 95,0 poin di bawah target" in told, path
        assert "Rumus dan versinya scr/1" in told, path
        assert "paling lambat 23 Nov 2026 10:20 WIB" in told, path
    clock.now = TEN + 25 * MINUTE
    told = koko.text(plan)
    assert "5 min overdue" in told
    assert "The coordinators have been told since 23 Nov 2026 10:20 WIB." in told
    assert 'class="notice warn" id="due"' in koko.get(plan).text
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    assert "analyse and verify, by 23 Nov 2026 10:55 WIB: ◷ in 30" in koko.text(plan)
    for who, action in ((koko, "verify"), (lia, "start"), (lia, "finish")):
        assert who.post(plan, action, note="Kabel baru").status_code == 303
    assert "Efeknya sedang ditunggu." in lia.text(plan)
    assert koko.post(plan, "close", note="Cukup").status_code == 303
    assert 'id="due"' not in lia.get(plan).text


def test_the_page_says_since_when_it_is_critical(reader, plan, missed):  # noqa: F811
    page = reader("L1").text(plan)
    assert "kritis sejak" not in page
    with missed.warehouse.transaction(Role.APP) as connection:
        connection.exec_driver_sql(
            "update ops.breach set severity_since = detected_at + interval '4 minutes'"
        )
    assert "kritis sejak 23 Nov 2026 10:09 WIB" in reader("L1").text(plan)


def test_of_a_plan_that_is_removed_the_audit_still_tells_each_step(reader, plan, missed):  # noqa: F811
    lia, koko = reader("L1"), reader("K1")
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    assert koko.post(plan, "verify").status_code == 303
    assert lia.post(plan, "start").status_code == 303
    assert lia.post(plan, "finish", note="Kabel baru").status_code == 303
    assert koko.post(plan, "close", note="Cukup").status_code == 303
    assert f'href="{plan}"' in koko.get("/audit").text
    assert remove_expired(missed.warehouse, datetime(2035, 1, 1, tzinfo=UTC)) == 1
    audit = koko.text("/audit")
    for step in ("Dihapus setelah masa simpan", "Ditutup", "Diverifikasi", "Dibuat sebagai draf"):
        assert step in audit
    assert "Kabel baru" not in audit
    assert f'href="{plan}"' not in koko.get("/audit").text


def assert_told_first(answer, status=422):
    """A form that was refused says so in its title and where the focus goes, and each thing that is
    wrong leads to its field."""
    assert answer.status_code == status
    assert re.search(r"<title>(Galat|Error): ", answer.text)
    told = re.search(r'id="problem" tabindex="-1">(.*?)</div>', answer.text, re.DOTALL)[1]
    fields = re.findall(r'href="#([\w-]+)"', told)
    for field in fields:
        assert re.search(rf'<(input|select|textarea|fieldset)[^>]* id="{field}"', answer.text), (
            field
        )
    return fields


def test_what_is_wrong_with_a_plan_is_told_first_and_leads_to_its_field(reader, plan):
    lia, koko = reader("L1"), reader("K1", "en")
    empty = dict.fromkeys(PLAN, "") | {"horizon_min": "240", "on_target_intervals": "2"}
    needed = ["cause_category", "correction", "corrective_action", "responsible", "due_at", "whys"]
    fields = assert_told_first(lia.post(plan, "submit", **empty))
    assert fields == [f"field-{name}" for name in needed]
    fields = assert_told_first(lia.post(plan, "submit", **PLAN | {"horizon_min": "x"}))
    assert fields == ["field-horizon_min"]
    fields = assert_told_first(lia.post(plan, "submit", **PLAN | {"responsible": "siapa"}))
    assert fields == ["field-responsible"]
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    assert assert_told_first(koko.post(plan, "return")) == ["note-return"]
    page = koko.get(plan).text
    assert re.search(r"<title>Recovery plan", page) and 'id="problem"' not in page


def test_what_was_typed_is_not_lost_where_something_lacks(reader, plan, query):
    answer = reader("L1").post(plan, "submit", **PLAN | {"cause_category": "", "due_at": "x"})
    assert answer.status_code == 422
    assert "Lengkapi atau perbaiki: Tenggat" in words_of(answer.text)
    assert 'value="Kabel putus"' in answer.text
    assert ">Alihkan</textarea>" in answer.text
    assert 'aria-invalid="true"' in answer.text
    # The choice of the language leads to the plan: there is no page at the address of the step
    assert f'name="back" value="{plan}"' in answer.text
    assert query("select revision from ops.recovery_plan") == [{"revision": 0}]


@pytest.mark.parametrize("due", ["0001-01-01T00:00", "0203-01-01T10:00", "9999-12-31T23:59"])
def test_a_due_date_that_is_a_slip_is_a_wrong_field(reader, plan, query, due):
    answer = reader("L1").post(plan, "write", **PLAN | {"due_at": due})
    assert answer.status_code == 422
    assert re.findall(r'name="(\w+)"[^>]* aria-invalid', answer.text) == ["due_at"]
    assert query("select due_at from ops.recovery_plan") == [{"due_at": None}]
    assert reader("L1").get(plan).status_code == 200


@pytest.mark.parametrize("action", ["write", "submit"])
def test_only_people_who_are_there_today_are_offered_and_taken_to_carry_a_plan_out(
    reader,
    clock,
    plan,
    missed,  # noqa: F811
    deliver,
    query,
    action,
):
    """A1 is an agent, who does not work at the desk; A2 left yesterday, A3 begins tomorrow; L9 is
    of another service; A4's last day is today."""
    _other_service(missed, deliver)
    people = REFERENCE["agent"].replace("active_from\n", "active_from,active_to\n")
    people = people.replace("2026-01-01\n", "2026-01-01,\n")
    people = people.replace(
        "A2,Budi,budi@bank.example,agent,T1,2026-01-01,", "A2,Budi,,wfm,T1,2026-01-01,2026-11-22"
    )
    people += "A3,Cici,,wfm,T1,2026-11-24,\nA4,Dodi,,wfm,T1,2026-01-01,2026-11-23\n"
    deliver("agent", "people.csv", people, TEN + 7 * MINUTE)
    run_cycle(missed, TEN + 8 * MINUTE)
    lia = reader("L1")
    form = lia.get(plan).text.split('name="responsible"')[1].split("</select>")[0]
    assert re.findall(r'value="(\w+)"', form) == ["L1", "L2", "K1", "A4", "W1"]
    for wrong in ("A1", "A2", "A3", "L9", "siapa", "<b>"):
        for name, told in (
            ("L1", f"Pelaksana {wrong} bukan orang meja RTM layanan ini yang masih aktif"),
            ("K1", f"{wrong}, who is to carry it out, is nobody of this service's desk"),
        ):
            language = "id" if name == "L1" else "en"
            answer = reader(name, language).post(plan, action, **PLAN | {"responsible": wrong})
            assert answer.status_code == 422, (wrong, name)
            assert told in words_of(answer.text)
            assert "<b>" not in answer.text
            assert 'name="responsible" aria-invalid="true"' in answer.text
            assert ">Alihkan</textarea>" in answer.text
    assert query("select revision from ops.recovery_plan") == [{"revision": 0}]
    assert lia.post(plan, action, **PLAN | {"responsible": "A4"}).status_code == 303
    clock.now += timedelta(days=1)
    page = lia.get(plan).text
    if action == "write":
        assert "A4" not in page.split('name="responsible"')[1].split("</select>")[0]
    else:
        assert "Dodi" in page


def test_whoever_is_offered_can_act_and_whoever_counts_as_a_verifier_may_verify(
    reader,
    plan,
    missed,  # noqa: F811
    deliver,
):
    """No team names K3, a coordinator; T2 names A2, an agent, as its leader and coordinator; W2 is
    workforce management of all services."""
    people = "K3,Kartika,,coordinator,T1,2026-01-01\nW2,Widi,,wfm,,2026-01-01\n"
    deliver("agent", "people.csv", REFERENCE["agent"] + people, TEN + 6 * MINUTE)
    team = "T2,Tim Dua,KARTU,A2,A2\n"
    deliver("team", "people.csv", REFERENCE["team"] + team, TEN + 6 * MINUTE)
    run_cycle(missed, TEN + 7 * MINUTE)
    lia = reader("L1")
    form = lia.get(plan).text.split('name="responsible"')[1].split("</select>")[0]
    offered = re.findall(r'value="(\w+)"', form)
    assert offered == ["L1", "L2", "K1", "W1", "W2"]
    assert all(reader(name).get(plan).status_code == 200 for name in offered)
    for name in ("K3", "A2"):
        assert reader(name).get(plan).status_code == 403, name
        assert lia.post(plan, "write", **PLAN | {"responsible": name}).status_code == 422, name
    for name in ("L1", "L2"):
        assert reader(name).post(plan, "write", **PLAN).status_code == 303
    assert 'id="last-verifier"' in reader("K1").get(plan).text


def test_a_plan_whose_effect_is_not_known_yet_is_closed_with_a_reason(reader, plan, query):
    lia, koko = reader("L1"), reader("K1", "en")
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    for who, action in ((koko, "verify"), (lia, "start"), (lia, "finish")):
        assert who.post(plan, action, note="Kabel baru").status_code == 303
    form = koko.get(plan).text.split(f'action="{plan}/close"')[1].split("</form>")[0]
    assert "The effect is not known yet: say why it is closed now." in form
    assert re.search(r'<textarea name="note"[^>]* required aria-describedby="early"', form)
    assert koko.post(plan, "close", note="Nobody calls at night").status_code == 303
    assert "Nobody calls at night" in lia.text(plan)


def test_a_plan_that_is_not_judged_because_data_are_missing_says_so(
    reader,
    plan,
    missed,  # noqa: F811
):
    lia, koko = reader("L1"), reader("K1", "en")
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    for who, action in ((koko, "verify"), (lia, "start"), (lia, "finish")):
        assert who.post(plan, action, note="Kabel baru").status_code == 303
    missing = "Its time is over, but the data up to then have not come in"
    for hours, is_missing in ((2, False), (5, True)):
        run_cycle(missed, TEN + timedelta(hours=hours))
        page = koko.text(plan)
        assert "Its effect is awaited." in page
        assert (missing in page) is is_missing


def test_once_the_effect_is_known_a_note_on_the_closing_is_no_must(
    reader,
    plan,
    missed,  # noqa: F811
):
    lia, koko = reader("L1"), reader("K1")
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    for who, action in ((koko, "verify"), (lia, "start"), (lia, "finish")):
        assert who.post(plan, action, note="Kabel baru").status_code == 303
    with missed.warehouse.engine().begin() as connection:
        connection.exec_driver_sql(
            "update ops.recovery_plan set is_effective = true, effect_known_at = done_at"
        )
    form = koko.get(plan).text.split(f'action="{plan}/close"')[1].split("</form>")[0]
    assert 'name="note"' in form and "required" not in form and "belum diketahui" not in form
    assert koko.post(plan, "close").status_code == 303


def test_the_second_of_two_who_write_at_once_is_told_and_keeps_what_they_typed(reader, plan):
    lia, koko = reader("L1"), reader("K1")
    token = lia.token()
    assert koko.post(plan, "write", **PLAN).status_code == 303
    mine = PLAN | {"correction": "Panggil cadangan", "csrf_token": token, "revision": "0"}
    answer = lia.client.post(f"{plan}/submit", data=mine)
    assert answer.status_code == 409
    assert "Koko mengubah plan ini" in answer.text
    assert ">Panggil cadangan</textarea>" in answer.text
    again = mine | {"revision": re.search(r'name="revision" value="(\d+)"', answer.text)[1]}
    assert lia.client.post(f"{plan}/submit", data=again).status_code == 303


def test_beside_what_the_second_typed_stands_what_the_first_has_stored(reader, plan):
    lia, koko = reader("L1"), reader("K1", "en")
    token = koko.token()
    first = PLAN | {"correction": "Panggil <b>cadangan</b>", "responsible": "", "why2": "Tikus"}
    assert lia.post(plan, "write", **first).status_code == 303
    mine = PLAN | {"why1": "Rats", "why2": "", "csrf_token": token, "revision": "0"}
    answer = koko.client.post(f"{plan}/write", data=mine)
    assert answer.status_code == 409
    stored = dict(re.findall(r'id="stored-(\w+)">(.*?)</p>', answer.text, re.DOTALL))
    # What both wrote alike is not told, nor what nobody stored
    assert set(stored) == {"why1", "why2", "correction"}
    assert "Panggil &lt;b&gt;cadangan&lt;/b&gt;" in stored["correction"]
    told = words_of(stored["correction"])
    assert told.startswith("Stored now, by Lia at 23 Nov 2026 10:06 WIB:")
    assert 'name="correction" rows="3" maxlength="4000" aria-describedby="stored-correction"' in (
        answer.text
    )
    assert 'value="Rats"' in answer.text and ">Alihkan</textarea>" in answer.text
    assert "saving again replaces it" in answer.text
    assert "Rats" in answer.text.split('id="mine"')[1].split("</details>")[0]
    history = words_of(koko.get(plan).text.split('id="history"')[1])
    assert "What changed: Category of cause, Five whys, Correction now" in history
    assert "Kabel putus Tikus" in history and "before: (empty)" in history


def test_who_is_second_is_told_so_also_where_something_lacks(reader, plan):
    """Else the form would come back with the newest revision, and replace the other's text."""
    lia, koko = reader("L1"), reader("K1")
    token = lia.token()
    assert koko.post(plan, "write", **PLAN).status_code == 303
    sent = PLAN | {"cause_category": "", "due_at": "x", "csrf_token": token, "revision": "0"}
    answer = lia.client.post(f"{plan}/submit", data=sent)
    assert answer.status_code == 409
    assert {"stored-cause_category", "stored-due_at"} <= set(
        re.findall(r'id="(stored-\w+)"', answer.text)
    )


@pytest.mark.parametrize("action", ["write", "submit", "return"])
def test_what_the_second_typed_stands_on_the_page_though_the_plan_is_written_no_more(
    reader, plan, query, action
):
    """Lia submits while Koko writes; or Koko verifies while Lukman writes why he returns it."""
    lia, koko, lukman = reader("L1"), reader("K1"), reader("L2")
    token = lukman.token()
    revision = "0"
    assert lia.post(plan, "submit", **PLAN).status_code == 303
    sent = PLAN | {"correction": "Panggil <b>cadangan</b>"}
    if action == "return":
        (kept,) = query("select revision from ops.recovery_plan")
        revision = str(kept["revision"])
        assert koko.post(plan, "verify").status_code == 303
        sent = {"note": "Panggil <b>cadangan</b>"}
    sent |= {"csrf_token": token, "revision": revision}
    answer = lukman.client.post(f"{plan}/{action}", data=sent)
    assert answer.status_code == 409
    assert 'name="correction"' not in answer.text
    mine = answer.text.split('id="mine" open>')[1].split("</details>")[0]
    assert "Panggil &lt;b&gt;cadangan&lt;/b&gt;" in mine
    assert token not in mine
    assert ("Kabel putus" in mine) is (action != "return")
    assert "Yang Anda tulis ada di bawah ini, untuk disalin." in words_of(answer.text)
    assert 'id="stored-' not in answer.text


def test_who_may_take_a_step_is_a_matter_of_their_position(reader, plan, query):
    combinations = list(itertools.product(PEOPLE, RIGHT_FOR))
    refused = [(n, a) for n, a in combinations if RIGHT_FOR[a] not in GRANTS[PEOPLE[n]]]
    assert len(combinations) > len(refused) > 0
    for name, action in refused:
        answer = reader(name).post(plan, action, note="karena", **PLAN)
        assert answer.status_code == 403, (name, action)
    assert query("select revision from ops.recovery_plan") == [{"revision": 0}]
    for name, action in combinations:
        if (name, action) not in refused:
            answer = reader(name).post(plan, action, note="karena", **PLAN)
            # The right is there; whether the plan takes this step now is another matter
            assert answer.status_code in (303, 409, 422), (name, action)


def test_a_plan_waits_for_those_whose_step_it_is_and_stands_apart_for_all_others(
    reader, plan, query
):
    """L1 and L2 lead the team, K1 coordinates it; W1 is of WFM."""
    mine, others = "Recovery plan, langkahnya giliran Anda", "Recovery plan lain yang belum ditutup"

    def waits_for():
        told = {name: reader(name).text("/") for name in ("L1", "L2", "K1", "W1", "admin")}
        for name, page in told.items():
            assert (mine in page) is not (others in page), name
            assert re.search(r"Recovery plan \d", page), name
        return {name for name, page in told.items() if mine in page}

    assert waits_for() == {"L1", "L2", "K1"}
    assert reader("L1").post(plan, "submit", **PLAN).status_code == 303
    assert waits_for() == {"L2", "K1"}
    assert reader("K1").post(plan, "return", note="Kabel mana?").status_code == 303
    assert waits_for() == {"L1", "L2", "K1"}
    assert reader("L1").post(plan, "submit", **PLAN).status_code == 303
    assert reader("K1").post(plan, "verify").status_code == 303
    assert waits_for() == {"L1", "L2", "K1"}
    for action in ("start", "finish"):
        assert reader("L1").post(plan, action, note="Kabel baru").status_code == 303
    # Nobody has anything to do while its effect is awaited
    assert waits_for() == set()
    assert "Efeknya sedang ditunggu." in reader("K1").text("/")


def test_plans_that_have_no_room_on_today_are_counted_and_are_all_on_a_page(
    reader,
    plan,
    missed,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setattr(today, "MOST_OF_A_LIST", 2)
    with missed.warehouse.transaction(Role.APP) as connection:
        connection.exec_driver_sql(
            """
            with opened as (
                insert into ops.breach
                    (service_code, channel, kpi, started_at, detected_at, cleared_at,
                     cleared_because, comparator, target, observed, numerator, denominator,
                     severity)
                select service_code, channel, kpi, started_at - n * interval '1 hour',
                    detected_at - n * interval '1 hour', detected_at - n * interval '50 minutes',
                    'met', comparator, target, observed, numerator, denominator, severity
                from ops.breach, generate_series(1, 4) as n
                where kpi = 'scr'
                returning breach_id, detected_at
            )

            insert into ops.recovery_plan (breach_id, facts, created_at, status_since)
            select breach_id, '{}', detected_at, detected_at from opened
            """
        )
    for name, heading in (("L1", "plans"), ("W1", "other-plans")):
        page = reader(name).get("/").text.split(f'id="{heading}"')[1]
        assert len(re.findall(r'href="/plans/\d+"', page)) == 2
        assert "Ditampilkan 2 dari 5." in page
        assert 'href="/breaches?plan=open">Lihat semua' in page
    for path, count in (("/breaches?plan=open", 5), ("/breaches?plan=draft", 5)):
        assert len(re.findall(r'href="/plans/\d+"', reader("L1").get(path).text)) == count
    assert reader("L1").post(plan, "submit", **PLAN).status_code == 303
    page = reader("L1").get("/breaches?plan=open").text
    assert '<option value="open" selected>belum ditutup</option>' in page
    assert len(re.findall(r'href="/plans/\d+"', page)) == 5


def test_no_step_is_offered_that_would_be_refused(reader, plan):
    for name, position in PEOPLE.items():
        offered = set(re.findall(rf'action="{plan}/(\w+)"', reader(name).get(plan).text))
        granted = {a.value for a, right in RIGHT_FOR.items() if right in GRANTS[position]}
        assert offered <= granted
        assert ("submit" in offered) is (Right.WRITE_PLAN in GRANTS[position])


def test_a_plan_is_for_those_who_read_its_service(reader, plan, missed, deliver):  # noqa: F811
    _other_service(missed, deliver)
    expected = {None: 401, "A1": 403, "L9": 403, "W1": 200, "L1": 200, "K1": 200, "admin": 200}
    for path in (plan, f"{plan}/form.pdf"):
        got = {name: reader(name).get(path).status_code for name in expected}
        assert got == expected
    other = reader("L9")
    assert other.post(plan, "submit", **PLAN).status_code == 403
    assert "Kartu Kredit" not in other.text("/audit")


def test_the_second_leader_of_a_team_writes_its_plan(reader, plan, query):
    """L2 is team leader of T1 by the feed `agent`; the feed `team` names L1."""
    lukman = reader("L2")
    assert lukman.post(plan, "submit", **PLAN).status_code == 303
    assert reader("L1").post(plan, "verify").status_code == 303
    (kept,) = query("select author, verifier from ops.recovery_plan")
    assert kept == {"author": "L2", "verifier": "L1"}


def test_who_has_the_real_time_function_writes_the_plan_while_on_duty(
    reader,
    clock,
    plan,
    missed,  # noqa: F811
    deliver,
    query,
):
    """The roster has A2, an agent, in the function from 08:00 to 17:00, and A1 as the PIC."""
    rtfm = roster().replace("KARTU,A2,2026-11-23,P,agent", "KARTU,A2,2026-11-23,P,rtfm")
    rtfm += "KARTU,L2,2026-11-23,OFF,\n"
    deliver("roster", "roster.csv", rtfm, MORNING - timedelta(days=1))
    run_cycle(missed, TEN + 6 * MINUTE)
    budi = reader("A2")
    hours = {6.9: 403, 7.1: 200, 12: 200, 17.9: 200, 18.1: 403}
    for hour in hours:
        clock.now = MORNING + timedelta(hours=hour - 8)
        for path, expected in ((plan, hours[hour]), ("/", hours[hour]), ("/coaching", 403)):
            assert budi.get(path).status_code == expected, (hour, path)
        assert reader("A1").get(plan).status_code == 403
    clock.now = TEN + 6 * MINUTE
    for action in (Action.HOLD, Action.RELEASE):
        assert budi.post(plan, action, note="karena").status_code == 403
    assert budi.post(plan, "submit", **PLAN).status_code == 303
    assert reader("L1").post(plan, "return", note="Kabel mana?").status_code == 303
    assert reader("L1").post(plan, "submit", **PLAN).status_code == 303
    (kept,) = query("select contributors from ops.recovery_plan")
    assert sorted(kept["contributors"]) == ["A2", "L1"]
    for path in ("/coaching", "/rotg", "/audit", "/exceptions/new", "/rosters/upload"):
        assert budi.get(path).status_code == 403, path


def test_the_plans_of_a_month_come_as_a_workbook_to_those_who_read_the_service(
    reader,
    plan,
    missed,  # noqa: F811
    deliver,
):
    """L9 leads a team of another service, which has no plan."""
    _other_service(missed, deliver)
    month = "/plans/month.xlsx?month=2026-11"
    everybody = (None, "A1", "L1", "L2", "K1", "W1", "L9", "admin")
    readers = {None: 401, "A1": 403}
    of_one = {**readers, "L9": 403}
    for address, expected in (
        (month, readers),
        (f"{month}&service=", readers),
        (f"{month}&service=KARTU", of_one),
        (f"{month}&service=LAIN", {**dict.fromkeys(everybody, 403), None: 401}),
    ):
        got = {name: reader(name).get(address).status_code for name in everybody}
        allowed = {"L9": 200, "admin": 200} if "LAIN" in address else {}
        assert got == {name: expected.get(name, 200) for name in everybody} | allowed, address
    number = int(plan.split("/")[-1])
    for name, numbers in (("L1", [number]), ("K1", [number]), ("admin", [number]), ("L9", [])):
        answer = reader(name).get(month)
        assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
        assert answer.headers["content-disposition"].endswith('"recovery-plans-2026-11.xlsx"')
        plans, _ = load_workbook(io.BytesIO(answer.content)).worksheets
        rows = list(plans.iter_rows(min_row=2, values_only=True))
        assert [int(row[0]) for row in rows] == numbers, name
    empty = reader("L1").get("/plans/month.xlsx?month=2026-10")
    assert load_workbook(io.BytesIO(empty.content)).worksheets[0].max_row == 1
    assert reader("L1").get("/plans/month.xlsx").status_code == 422
    for wrong in ("2026-13", "11", "2026-11-01", "0000-01", "٢٠٢٦-11"):
        assert reader("L1").get(f"/plans/month.xlsx?month={wrong}").status_code == 422, wrong
    page = reader("L1").get("/breaches").text
    assert '<option value="2026-11">November 2026</option>' in page
    assert 'action="/plans/month.xlsx"' in page and "Unduh xlsx" in page
    assert 'action="/plans/month.xlsx"' not in reader("L9").get("/breaches").text


def _other_service(system, deliver):
    for feed, row in (
        ("service", "LAIN,Layanan Lain,Bank,Asia/Jakarta\n"),
        ("team", "T9,Tim Lain,LAIN,L9,K9\n"),
        ("agent", "L9,Lina,lina@bank.example,team_leader,T9,2026-01-01\n"),
    ):
        deliver(feed, "other.csv", REFERENCE[feed] + row, TEN + 6 * MINUTE)
    run_cycle(system, TEN + 7 * MINUTE)


def test_a_form_from_elsewhere_changes_nothing(reader, plan, query):
    lia, koko = reader("L1"), reader("K1")
    for token in ("", "1.made-up", koko.token()):
        sent = {**PLAN, "csrf_token": token, "revision": "0"}
        assert lia.client.post(f"{plan}/submit", data=sent).status_code == 403
    assert query("select revision from ops.recovery_plan") == [{"revision": 0}]


def test_steps_of_the_pipeline_and_plans_that_are_not_there_are_no_addresses(reader, plan):
    koko = reader("K1")
    for action in (Action.WITHDRAW, "nonsense"):
        assert koko.post(plan, action).status_code == 404
    for path in ("/plans/999", "/plans/none", f"/plans/{2**70}", "/plans/-1"):
        assert koko.get(path).status_code == 404


def test_markup_in_texts_stays_text(reader, plan):
    evil = "<script>alert(1)</script>"
    lia = reader("L1")
    lia.post(plan, "submit", **PLAN | {"correction": evil, "why1": f'"{evil}'})
    reader("K1").post(plan, "return", note=evil)
    for path in (plan, "/audit"):
        page = lia.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_the_form_comes_as_pdf(reader, plan):
    answer = reader("K1").get(f"{plan}/form.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_whoever_the_plan_names_carries_it_out_and_takes_no_other_step(reader, plan):
    wati = reader("W1", "en")
    reader("L1").post(plan, "submit", **PLAN | {"responsible": "W1"})
    assert wati.post(plan, "verify").status_code == 403
    reader("K1").post(plan, "verify")
    assert "Begin" in wati.text(plan) and f'href="{plan}"' in wati.get("/").text
    assert wati.post(plan, "start").status_code == 303
    assert wati.post(plan, "finish", note="Roster diperbaiki").status_code == 303
    assert wati.post(plan, "close", note="Selesai").status_code == 403


def test_who_may_write_away_the_last_verifier_is_warned(reader, plan):
    warning = "only the real-time function on duty can verify it"
    assert warning not in reader("L1", "en").text(plan)
    for name in ("L1", "L2"):
        assert reader(name).post(plan, "write", **PLAN).status_code == 303
    assert warning in reader("K1", "en").text(plan)
    reader("K1").post(plan, "submit", **PLAN)
    assert "ask the real-time function on duty" in reader("K1", "en").text(plan)
