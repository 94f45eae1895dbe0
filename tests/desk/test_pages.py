"""The pages say what the marts say, to those who may read it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DataError

from rtm.desk import exception_page, pages
from rtm.desk.breaches import PAGE_SIZE
from rtm.desk.identity import SignedIn
from rtm.warehouse import Role
from tests.desk.conftest import app_for, client_of
from tests.desk_centre import (
    AGENT,
    COORDINATOR,
    IDLE,
    MARKED,
    OFFICE,
    OTHER_LEADER,
    TEAM_LEADER,
    WFM,
)

SERVICES = {
    "KARTU": "Layanan Kartu",
    "DIGITAL": "Layanan Digital Banking",
    "PRIORITAS": "Layanan Nasabah Prioritas",
}


@pytest.fixture
def marts(centre):
    def query(statement, **parameters):
        with centre.transaction(Role.APP) as connection:
            return connection.execute(text(statement), parameters).all()

    return query


def listed(page):
    """The numbers of the breaches in a list, top to bottom."""
    return re.findall(r'<th[^>]*><a href="/rtm/breaches/(\d+)"', page)


def open_breach(marts, service_code):
    return marts(
        "select * from marts.fct_breach"
        " where service_code = :code and cleared_at is null and scope = 'service'"
        " order by breach_id limit 1",
        code=service_code,
    )[0]


@pytest.mark.parametrize(
    ("user", "services"),
    [
        (TEAM_LEADER, {"KARTU"}),
        (COORDINATOR, {"KARTU"}),
        (WFM, {"KARTU"}),
        (OTHER_LEADER, {"DIGITAL"}),
        (OFFICE, {"KARTU", "DIGITAL", "PRIORITAS"}),
    ],
)
def test_today_shows_the_services_of_the_visitor_and_no_other(sign_in, user, services):
    page = sign_in(user).get("/rtm/")
    assert page.status_code == 200
    shown = {code for code, name in SERVICES.items() if name in page.text}
    assert shown == services


def test_today_shows_each_kpi_with_target_state_and_trend(sign_in, marts):
    page = sign_in().get("/rtm/").text
    rows = marts("select kpi, observed, is_met from marts.rpt_kpi_now where service_code = 'KARTU'")
    assert len(rows) >= 6
    missed = sum(row.is_met is False for row in rows)
    assert page.count("‼") + page.count("✗") >= missed > 0
    assert page.count('class="spark"') == len(rows)
    assert "SCR hari ini per interval: terendah" in page
    assert "Data per 23 Nov 2026 14:40 WIB" in page


def test_today_names_who_is_missing_by_team(sign_in, marts):
    missing = marts(
        "select agent_id from marts.fct_attendance where service_code = 'KARTU'"
        " and status in ('no_show', 'absent', 'late')"
        " and as_of between planned_start_at and planned_end_at"
    )
    page = sign_in().get("/rtm/").text
    people = page.split('id="people"')[1]
    assert missing and all(row.agent_id in people for row in missing)
    assert "Tim Andi, Layanan Kartu" in people


def test_today_lists_open_breaches_plans_and_missing_rosters(sign_in, marts):
    breach = open_breach(marts, "KARTU")
    page = sign_in().get("/rtm/").text
    assert f'href="/rtm/breaches/{breach.breach_id}"' in page
    assert re.search(r'href="/rtm/plans/\d+">Recovery plan \d+</a>, draf', page)
    assert "isi dan ajukan, paling lambat" in page
    of_priority = sign_in(OFFICE).get("/rtm/").text
    assert "versi terakhir ditolak" in of_priority
    assert "ditunggu sampai 23 Nov 2026 17:00 WITA" in of_priority
    assert (
        'href="/rtm/rosters/upload">Layanan Nasabah Prioritas, Sel 24 Nov 2026</a>' in of_priority
    )


def test_a_missing_roster_waits_only_for_those_who_can_upload_it(sign_in):
    page = sign_in("admin", is_administrator=True).get("/rtm/").text
    assert "Layanan Nasabah Prioritas" in page
    assert "Roster yang belum masuk" not in page and "/rosters/upload" not in page
    assert "Roster yang belum masuk" in sign_in(OFFICE).get("/rtm/").text


def test_today_says_what_to_do_where_there_is_nothing(sign_in):
    page = sign_in(MARKED).get("/rtm/").text
    assert "Semua sesuai roster." in page
    assert "belum ada volume" in page


def test_a_service_without_a_target_and_a_feed_that_is_behind_are_told(sign_in, centre, desk):
    with centre.engine().connect() as connection:
        change = connection.begin()
        connection.exec_driver_sql("update ops.clock set built_as_of = built_as_of + '30 minutes'")
        change.commit()
    try:
        page = sign_in().get("/rtm/").text
    finally:
        with centre.engine().begin() as connection:
            connection.exec_driver_sql(
                "update ops.clock set built_as_of = built_as_of - interval '30 minutes'"
            )
    assert "Data tertinggal" in page and "call: terakhir tiba" in page
    assert "data tertinggal" in page.split('id="services"')[1]


def test_the_list_holds_the_breaches_of_the_visitor_page_by_page(sign_in, marts):
    count = marts(
        "select count(*) from marts.fct_breach where service_code = 'KARTU' and scope = 'service'"
    )[0][0]
    browser = sign_in()
    shown: list[str] = []
    for page in (1, 2):
        told = browser.get(f"/rtm/breaches?page={page}").text
        shown += listed(told)
    assert len(shown) == len(set(shown)) == count > PAGE_SIZE
    assert "Halaman 1 dari 2" in browser.get("/rtm/breaches").text
    assert "Tidak ada pelanggaran yang cocok" in browser.get("/rtm/breaches?page=900").text


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("state=open", "cleared_at is null"),
        ("state=cleared&day=2026-11-20", "detected_at::date = '2026-11-20'"),
        ("plan=draft", "cleared_at is null"),
        ("plan=verified", "false"),
        ("service=KARTU&state=open&plan=&day=", "cleared_at is null"),
        ("service=DIGITAL", "false"),
    ],
)
def test_the_list_is_narrowed_by_state_plan_day_and_service(sign_in, marts, query, where):
    expected = marts(
        "select breach_id from marts.fct_breach"
        f" where service_code = 'KARTU' and scope = 'service' and {where}"
    )
    told = sign_in().get(f"/rtm/breaches?{query}").text
    shown = listed(told)
    assert sorted(shown) == sorted(str(row.breach_id) for row in expected)


@pytest.mark.parametrize(
    ("path", "is_read_out"),
    [
        *(("/", True), ("/breaches", True), ("/breaches?state=open&page=1", True)),
        # Those that are there appear in these lists as well: when they clear, when their plan takes
        # a step, when a newer one moves them on
        *(("/breaches?state=cleared", False), ("/breaches?plan=draft", False)),
        ("/breaches?page=2", False),
    ],
)
def test_a_row_that_appears_is_read_out_only_where_it_is_a_new_breach(sign_in, path, is_read_out):
    page = sign_in().get(f"/rtm{path}").text
    shown = listed(page)
    assert shown
    assert re.findall(r'data-breach="(\d+)"', page) == (shown if is_read_out else [])


def test_channels_have_their_names_in_the_language_of_the_page(sign_in, marts):
    breach = open_breach(marts, "KARTU")
    name = {"voice": "telepon", "chat": "chat"}[breach.channel]
    today = sign_in().get("/rtm/").text
    page = sign_in().get(f"/rtm/breaches/{breach.breach_id}").text
    assert "KPI Layanan Kartu, telepon" in today
    assert f' {name}, Layanan Kartu"' in today.split(f'data-breach="{breach.breach_id}"')[1]
    assert f"Layanan Kartu, {name}</h1>" in page
    assert "voice" not in today + page


def test_the_links_between_pages_keep_the_filter(sign_in):
    told = sign_in().get("/rtm/breaches?state=cleared&page=2").text
    (address,) = re.findall(r'rel="prev" href="([^"]*)"', told)
    assert "state=cleared" in address and "page=1" in address


def test_a_breach_shows_its_numbers_chart_and_plan(sign_in, marts):
    breach = open_breach(marts, "KARTU")
    page = sign_in().get(f"/rtm/breaches/{breach.breach_id}")
    assert page.status_code == 200
    assert f"{breach.observed:.1f}".replace(".", ",") in page.text
    assert f"{breach.numerator:.0f} / {breach.denominator:.0f}" in page.text
    assert "<desc" in page.text and "<polyline" in page.text
    intervals = page.text.split('id="chart-table"')[1].split("</details>")[0]
    assert intervals.count("<tr>") > 4
    assert "dalam pelanggaran" in intervals
    assert re.search(r'href="/rtm/plans/\d+"', page.text)


def test_a_breach_names_who_was_missing_in_its_window(sign_in, marts):
    breach = open_breach(marts, "KARTU")
    missing = marts(
        "select agent_id from marts.fct_attendance where service_code = 'KARTU'"
        " and status in ('no_show', 'absent') and planned_start_at <= :detected"
        " and planned_end_at > :started",
        detected=breach.detected_at,
        started=breach.started_at,
    )
    page = sign_in().get(f"/rtm/breaches/{breach.breach_id}").text
    assert missing and all(row.agent_id in page for row in missing)


def test_a_breach_of_a_roster_tells_its_date_and_draws_nothing(sign_in, marts):
    (breach,) = marts("select * from marts.fct_breach where kpi = 'roster_h1'")
    page = sign_in().get(f"/rtm/breaches/{breach.breach_id}").text
    assert "Roster Layanan Kartu untuk Jum 20 Nov 2026" in page
    assert "class=&#34;chart&#34;" not in page and 'class="chart"' not in page


def test_a_breach_of_another_service_is_not_shown(sign_in, marts):
    breach = open_breach(marts, "DIGITAL")
    answer = sign_in().get(f"/rtm/breaches/{breach.breach_id}")
    assert answer.status_code == 403
    assert "tidak berhak membaca layanan pada layanan ini" in answer.text
    assert "Digital" not in answer.text
    assert sign_in(OTHER_LEADER).get(f"/rtm/breaches/{breach.breach_id}").status_code == 200


@pytest.mark.parametrize("number", ["0", "-1", "999999", "x", str(2**70), "1%00"])
def test_a_breach_that_does_not_exist_is_404(sign_in, number):
    answer = sign_in().get(f"/rtm/breaches/{number}")
    assert answer.status_code == 404
    assert "Halaman ini tidak ada" in answer.text


@pytest.mark.parametrize("query", ["day=yesterday", "state=lost", "plan=x", "page=0", "page=x"])
def test_a_filter_that_cannot_be_read_is_422_and_names_the_field(sign_in, query):
    answer = sign_in().get(f"/rtm/breaches?{query}")
    assert answer.status_code == 422
    assert query.split("=")[0] in answer.text


@pytest.mark.parametrize("word", ["%00", "'", "%25", "x" * 500])
def test_no_word_of_a_filter_breaks_the_list(sign_in, word):
    assert sign_in().get(f"/rtm/breaches?service={word}").status_code in (200, 422)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/coaching?team=%00", 422),
        ("/coaching?service=%00", 200),
        ("/breaches?service=%00", 200),
        ("/rotg/new?service=%00&date=2026-11-23&shift=%00&team=%00", 403),
        ("/exceptions/new?agent=%00", 200),
        ("/coaching/agents/%00", 404),
        ("/plans/month.xlsx?month=2026-11&service=%00", 403),
        ("/assets/%00", 404),
        ("/%00", 404),
    ],
)
def test_a_character_that_no_text_has_is_no_fault_of_the_system(sign_in, path, status):
    answer = sign_in().get(f"/rtm{path}")
    assert answer.status_code == status
    if status == 422:
        assert "Permintaan ini tidak dapat dibaca" in answer.text


def test_what_is_stored_and_cannot_be_read_is_a_fault_of_the_system(sign_in, monkeypatch, caplog):
    def read(*_):
        raise DataError("select", {}, ValueError("timestamp too small"))

    monkeypatch.setattr(exception_page, "read_list", read)
    assert sign_in().get("/rtm/exceptions").status_code == 500
    assert "what is stored cannot be read" in caplog.text


def test_an_agent_is_told_why_not_and_what_to_do(sign_in):
    answer = sign_in(AGENT).get("/rtm/")
    assert answer.status_code == 403
    assert "tidak punya hak di meja ini" in answer.text and "kolom role" in answer.text


def test_a_leader_without_a_team_is_told_which_columns_are_missing(sign_in):
    answer = sign_in(IDLE).get("/rtm/")
    assert answer.status_code == 403
    assert "team_leader_id" in answer.text and IDLE in answer.text


def test_a_user_who_is_nobody_is_named_with_the_columns_that_would_match(sign_in):
    answer = sign_in("<b>siapa</b>").get("/rtm/")
    assert answer.status_code == 403
    assert "&lt;b&gt;siapa&lt;/b&gt;" in answer.text and "<b>siapa" not in answer.text
    assert "feed agent" in answer.text and "agent_id" in answer.text
    several = sign_in("user", email="shared@bank.example").get("/rtm/")
    assert several.status_code == 403 and "lebih dari satu orang" in several.text


def test_an_administrator_reads_everything_and_is_told_that_nothing_can_be_changed(sign_in):
    page = sign_in("admin", is_administrator=True).get("/rtm/").text
    assert all(name in page for name in SERVICES.values())
    assert "tidak ada yang dapat diubah" in page
    assert "tidak ada yang dapat diubah" not in sign_in().get("/rtm/").text


def test_an_unexpected_error_names_no_internals(desk):
    app = app_for(desk, SignedIn(TEAM_LEADER))

    def broken() -> None:
        raise RuntimeError("password=hunter2")

    app.get("/broken")(broken)
    # Before the route that takes what no other does
    app.router.routes.insert(0, app.router.routes.pop())
    answer = client_of(app).get("/rtm/broken")
    assert answer.status_code == 500
    assert "Terjadi kesalahan" in answer.text
    assert "hunter2" not in answer.text and "Runtime" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_warehouse_that_is_down_is_503_and_says_so(down):
    answer = client_of(app_for(down, SignedIn(TEAM_LEADER))).get("/rtm/")
    assert answer.status_code == 503
    assert "Basis data tidak menjawab" in answer.text
    assert "127.0.0.1" not in answer.text
    assert answer.headers["Retry-After"] == "30"


def test_a_page_does_not_wait_for_ever_for_the_warehouse(sign_in, centre, monkeypatch):
    monkeypatch.setattr(pages, "PATIENCE_S", 0.3)
    reader = sign_in(TEAM_LEADER)
    assert reader.get("/rtm/breaches").status_code == 200
    with centre.engine().begin() as other:
        other.execute(text("lock table ops.breach in access exclusive mode"))
        answer = reader.get("/rtm/breaches")
    assert answer.status_code == 503
    assert "Basis data tidak menjawab" in answer.text
    assert reader.get("/rtm/breaches").status_code == 200


@pytest.mark.parametrize(("path", "most"), [("/", 15), ("/breaches", 8), ("/breaches/{}", 8)])
def test_a_page_asks_the_warehouse_once_for_each_of_its_blocks(sign_in, centre, marts, path, most):
    path = path.format(open_breach(marts, "KARTU").breach_id)
    asked: list[str] = []

    def note(connection, cursor, statement, *_):
        asked.append(statement)

    engine = centre.engine(Role.APP)
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert sign_in("admin", is_administrator=True).get(f"/rtm{path}").status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert 3 < len(asked) <= most


def test_a_page_cannot_write(desk, centre):
    from rtm.desk.language import Speech
    from rtm.desk.pages import Page
    from rtm.desk.rights import Visitor

    page = Page(None, desk, SignedIn("x"), Visitor("x", None, "x", {}), Speech("id"))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="read-only"), page.connection() as connection:
        connection.execute(text("update ops.clock set interval_min = 15"))
    with page.connection(writes=True) as connection:
        connection.execute(text("update ops.clock set interval_min = interval_min"))


def test_the_page_of_a_system_without_data_says_what_to_deliver(desk, centre, monkeypatch):
    from rtm.desk import state

    monkeypatch.setattr(
        state, "CLOCK", text("select null::timestamptz as as_of, 30 as interval_min")
    )
    page = client_of(app_for(desk, SignedIn("admin", is_administrator=True))).get("/rtm/")
    assert page.status_code == 200
    assert "Belum ada data." in page.text and "folder landing" in page.text
