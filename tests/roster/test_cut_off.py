"""The cut-off of H-1: a warning before it, a breach after it where the roster is not there."""

from __future__ import annotations

import dataclasses
import io
from datetime import datetime, time, timedelta

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import text

from rtm.cycle import STEPS, System, run_cycle, run_step
from rtm.notify import ON_PAPER, words
from rtm.recovery import Change, change_plan
from rtm.recovery.form import Speech, month_as_workbook, plan_as_pdf
from rtm.recovery.lifecycle import Action, Cause, Content
from rtm.speech import NOTHING
from rtm.warehouse import Role
from tests.small_centre import DAY, MORNING, REFERENCE, deliver_reference, roster

DUE = MORNING - timedelta(hours=15)
"""17:00 in Jakarta on the day before."""
MINUTE = timedelta(minutes=1)
TODAY = DAY - timedelta(days=1)


@pytest.fixture
def step(query):
    """Runs what a cycle does, but for the models: of what is tested here nothing is in tables that
    they compute, and the clock alone brings the reports to a moment."""

    def run(system, moment):
        for name in STEPS:
            if name != "build_marts":
                run_step(system, name, moment)
                continue
            with system.warehouse.engine().begin() as connection:
                clock = {"as_of": moment}
                connection.execute(
                    text("update ops.clock set as_of = :as_of, built_as_of = :as_of"), clock
                )

    return run


@pytest.fixture
def at(system, deliver, step, begin):
    """Brings a centre to a moment whose mails are taken at once, and which has today's roster."""
    settings = dataclasses.replace(
        system.settings, smtp_url=ON_PAPER, desk_url="https://rtm.bank.example/rtm"
    )
    taking = System(settings, system.warehouse)

    def distribute() -> None:
        deliver_reference(deliver)
        deliver("roster", "today.csv", roster(first=TODAY), MORNING - timedelta(days=2))
        run_cycle(taking, MORNING - timedelta(days=2))
        step(taking, MORNING - timedelta(days=2) + MINUTE)

    begin("two_days_before", distribute)
    return lambda moment: step(taking, moment)


@pytest.fixture
def breaches(query):
    def read():
        return query(
            "select roster_date, started_at, detected_at, cleared_at, cleared_because, severity"
            " from marts.fct_breach where kpi = 'roster_h1' order by breach_id"
        )

    return read


@pytest.fixture
def mails(query):
    def read(kind):
        rows = query(
            "select recipient, subject, body_text from ops.outbox"
            " where kind = :kind order by mail_id",
            kind=kind,
        )
        return [(row["recipient"], row["subject"]) for row in rows]

    return read


@pytest.fixture
def status(query):
    def read(day=DAY):
        (row,) = query(
            "select status, lacks from marts.rpt_roster_date where roster_date = :day", day=day
        )
        return row["status"], row["lacks"]

    return read


def test_the_makers_are_warned_once_before_the_cut_off(at, mails, breaches, status):
    at(DUE - timedelta(hours=2) - MINUTE)
    assert mails("roster_due") == []
    at(DUE - timedelta(hours=2))
    at(DUE - timedelta(hours=1))
    subject = "[RTM] Kartu Kredit: roster 23/11/2026 belum siap"
    assert mails("roster_due") == [("lia@bank.example", subject), ("wati@bank.example", subject)]
    assert (status(), breaches()) == (("awaited", "not_received"), [])


def test_workforce_management_of_all_services_is_warned_too(at, deliver, mails):
    agents = REFERENCE["agent"] + "W2,Widi,widi@bank.example,wfm,,2026-01-01\n"
    deliver("agent", "central.csv", agents, DUE - timedelta(hours=3))
    at(DUE - timedelta(hours=2))
    warned = [recipient for recipient, _ in mails("roster_due")]
    assert warned == [f"{who}@bank.example" for who in ("lia", "wati", "widi")]


def test_a_roster_that_is_not_there_at_the_cut_off_is_a_breach_until_it_is(
    at, deliver, breaches, mails, status, query
):
    at(DUE)
    assert breaches() == []
    at(DUE + MINUTE)
    at(DUE + 2 * MINUTE)
    (breach,) = breaches()
    assert (breach["roster_date"], breach["started_at"]) == (DAY, DUE)
    assert (breach["detected_at"], breach["severity"]) == (DUE + MINUTE, "critical")
    subject = (
        "[RTM] Kartu Kredit: tidak ada roster sah untuk 23/11/2026 pada batas waktu H-1 (kritis)"
    )
    assert mails("roster_breach") == [(f"{who}@bank.example", subject) for who in ("koko", "lia")]
    plans = query("select breach_id, status from marts.fct_recovery_plan")
    assert [plan["status"] for plan in plans] == ["draft"]
    assert status() == ("missing", "not_received")
    late = DUE + timedelta(hours=1)
    deliver("roster", "late.csv", roster(), late)
    at(late)
    assert status() == ("late", None)
    at(late + MINUTE)
    (breach,) = breaches()
    assert (breach["cleared_at"], breach["cleared_because"]) == (late + MINUTE, "met")


WRITTEN = Content(
    *(Cause.PLANNING, ("Belum disusun",), "Susun sekarang", "Jadwalkan lebih awal", "L1"),
    MORNING,
)


@pytest.mark.parametrize("language", ["id", "en"])
def test_mails_and_form_of_a_missing_roster_say_its_date_in_place_of_figures(
    at, query, system, language
):
    at(DUE + MINUTE)
    (plan,) = query("select plan_id from ops.recovery_plan")
    settings = dataclasses.replace(system.settings, language=language)
    change = Change(Action.SUBMIT, "L1", DUE + 2 * MINUTE, 0, WRITTEN)
    with system.warehouse.transaction(Role.APP) as connection:
        changed = change_plan(connection, settings, plan["plan_id"], change)
        form = plan_as_pdf(connection, changed, language)
        month = load_workbook(io.BytesIO(month_as_workbook(connection, [changed], language)))
    say = words("common", language)
    (mail,) = query("select body_text, body_html from ops.outbox where kind = 'plan_submit'")
    assert f"{say['roster_date']}: 23/11/2026\n" in mail["body_text"]
    assert "<td>23/11/2026</td>" in mail["body_html"]
    for body in mail.values():
        assert not any(say[name] in body for name in ("channel", "target", "observed", "window"))
    speech = Speech(language)
    names = ("roster_date", "kpi", "target", "observed", "gap", "volume")
    label = dict(zip(names, speech.labels(names), strict=True))
    pages = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(form)).pages)
    text_of_form = " ".join(pages.split())
    assert f"{label['roster_date']} 23/11/2026 {label['kpi']} Roster H-1" in text_of_form
    assert not any(label[name] in text_of_form for name in ("observed", "gap", "volume"))
    assert "≥" not in text_of_form
    head, row = month.worksheets[0].iter_rows(values_only=True)
    cells = dict(zip(head, row, strict=True))
    assert cells[label["roster_date"]] == datetime.combine(DAY, time())
    figures = [cells[label[name]] for name in ("target", "observed", "gap", "volume")]
    assert figures == [NOTHING] * 4


@pytest.mark.parametrize("comes", [True, False])
def test_a_plan_closed_before_its_roster_is_there_is_judged_by_the_roster(
    at, deliver, query, system, comes
):
    at(DUE + MINUTE)
    (plan,) = query("select plan_id from ops.recovery_plan")
    steps = (
        (Action.SUBMIT, "L1", None, WRITTEN),
        (Action.VERIFY, "K1", None, None),
        (Action.START, "L1", None, None),
        (Action.FINISH, "L1", "Roster dikirim", None),
        (Action.CLOSE, "K1", "Sedang dibagikan", None),
    )
    for revision, (action, actor, note, content) in enumerate(steps):
        change = Change(action, actor, DUE + 2 * MINUTE, revision, content, note)
        with system.warehouse.transaction(Role.APP) as connection:
            change_plan(connection, system.settings, plan["plan_id"], change)
    at(DUE + 3 * MINUTE)
    effect = "select is_effective from ops.recovery_plan where plan_id = :plan_id"
    assert query(effect, **plan) == [{"is_effective": None}]
    if comes:
        deliver("roster", "late.csv", roster(), DUE + timedelta(hours=1))
        at(DUE + timedelta(hours=1))
        at(DUE + timedelta(hours=1) + MINUTE)
    else:
        at(MORNING + timedelta(days=1))
    assert query(effect, **plan) == [{"is_effective": comes}]


@pytest.mark.parametrize(
    ("rule", "severities"), [("warning,", ["warning"]), (",tidak", [])], ids=["mild", "off"]
)
def test_a_site_says_itself_how_severe_a_missing_roster_is(at, deliver, breaches, rule, severities):
    rules = f"service_code,kpi,severity,is_active\nKARTU,roster_h1,{rule}\n"
    deliver("breach_rule", "rules.csv", rules, DUE - timedelta(hours=1))
    at(DUE + MINUTE)
    assert [breach["severity"] for breach in breaches()] == severities


def test_a_roster_that_was_distributed_in_time_is_no_breach(at, deliver, breaches, mails, status):
    deliver("roster", "good.csv", roster(), DUE - MINUTE)
    at(DUE - MINUTE)
    at(DUE + MINUTE)
    assert breaches() == []
    assert status() == ("on_time", None)


def test_an_invalid_roster_is_no_roster(at, deliver, breaches, mails, status, query):
    deliver("roster", "bad.csv", roster().replace(",pic", ",agent"), DUE - timedelta(hours=3))
    at(DUE - timedelta(hours=3))
    at(DUE - timedelta(hours=1))
    assert status() == ("awaited", "invalid")
    (text,) = query("select distinct body_text from ops.outbox where kind = 'roster_due'")
    assert "TIDAK SAH, 1 kesalahan" in text["body_text"]
    assert "Buka halaman Roster: https://rtm.bank.example/rtm/rosters\n" in text["body_text"]
    at(DUE + MINUTE)
    assert len(breaches()) == 1


def test_a_roster_that_no_server_took_is_not_distributed(
    at, step, system, deliver, breaches, status
):
    deliver("roster", "good.csv", roster(), DUE - timedelta(hours=1))
    step(system, DUE - timedelta(hours=1))
    step(system, DUE + MINUTE)
    assert status() == ("missing", "not_distributed")
    assert len(breaches()) == 1


def test_the_breach_of_a_date_that_is_over_ends(at, breaches):
    at(DUE + MINUTE)
    at(MORNING + timedelta(days=1))
    of_the_date = next(breach for breach in breaches() if breach["roster_date"] == DAY)
    assert of_the_date["cleared_because"] == "target_ended"


@pytest.mark.parametrize(
    ("feed", "content"),
    [
        (
            "service",
            "service_code,service_name,client_name,timezone,opening_hours\n"
            "KARTU,Kartu Kredit,Bank,Asia/Jakarta,Tu-Su 08:00-17:00\n",
        ),
        (
            "agent",
            "".join(
                f"{line},{'active_to' if n == 0 else '2026-11-22'}\n"
                for n, line in enumerate(REFERENCE["agent"].splitlines())
            ),
        ),
    ],
    ids=["closed on Mondays", "nobody left"],
)
def test_a_date_without_service_or_people_needs_no_roster(
    at, deliver, query, breaches, feed, content
):
    deliver(feed, "changed.csv", content, DUE - timedelta(hours=1))
    at(DUE - timedelta(hours=1))
    at(DUE + MINUTE)
    assert query("select 1 from marts.rpt_roster_date where roster_date = :day", day=DAY) == []
    assert breaches() == []


def test_the_cut_off_is_that_of_the_service(at, deliver, breaches):
    row = "KARTU,Kartu Kredit,Bank,Asia/Jakarta,20:00\n"
    header = "service_code,service_name,client_name,timezone,roster_cutoff\n"
    deliver("service", "later.csv", header + row, DUE - timedelta(hours=1))
    at(DUE + timedelta(hours=3))
    assert breaches() == []
    at(DUE + timedelta(hours=3) + MINUTE)
    assert [breach["started_at"] for breach in breaches()] == [DUE + timedelta(hours=3)]
