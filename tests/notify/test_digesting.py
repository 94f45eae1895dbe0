"""Alerts of one person: one at once, the rest of ten minutes together."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from rtm.notify import Mail, queue_mails, send_due
from rtm.warehouse import Role

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KOKO = "koko@bank.example"


ALERT = {"service_name": "Kartu", "due_text": "17:00", "lacks_text": "belum", "link": ""}
MATTERS = {"count": 2, "teams": "Tim Satu", "groups": [], "link": ""}
INCIDENT = {"kind": "feed_stale", "incident_subject": "call", "detail": "none"}
PLAN = {
    "service_name": "Kartu",
    "kpi_name": "SCR",
    "target_text": "95",
    "observed_text": "80",
    "window_text": "10:00",
    "plan_id": 1,
    "link": "",
    "formula": "scr/1",
    "channel": "voice",
    "roster_date": "",
    "severity_name": "kritis",
    "gap_text": "-15",
    "volume_text": "80 / 100",
    "missing_text": "0 / 0",
    "step_name": "pengajuan",
    "step_due_text": "10:30",
    "next_text": "pengajuan, paling lambat 10:30",
    "waits_for": "rina@bank.example",
}


@pytest.fixture
def send(system, mailbox):
    """Queues mails and sends what is due."""

    def run(at, *mails, **changed):
        settings = {"smtp_url": mailbox.url, **changed}
        with system.warehouse.transaction(Role.APP) as connection:
            queue_mails(connection, mails, "id", at)
        return send_due(system.warehouse, dataclasses.replace(system.settings, **settings), at)

    return run


@pytest.fixture
def cycle(send):
    """Queues alerts of rosters that are due, of these dates, and sends what is due."""

    def run(at, *dates, to=KOKO):
        facts = [{**ALERT, "roster_date": date} for date in dates]
        return send(at, *(Mail("roster_due", f"due-{of['roster_date']}", to, of) for of in facts))

    return run


def matters(key):
    return Mail("agent_digest", f"agents:{key}", KOKO, MATTERS)


def breach(number, **facts):
    return Mail("breach", f"breach:{number}", KOKO, {**PLAN, **facts}, f"breach-{number}")


@pytest.fixture
def breaches(system):
    """Two breaches, the first a warning, the second critical; returns their numbers."""
    with system.warehouse.transaction(Role.APP) as connection:
        return [
            connection.execute(
                text(
                    "insert into ops.breach (service_code, channel, kpi, started_at, detected_at,"
                    " comparator, target, observed, numerator, denominator, severity)"
                    " values ('KARTU', 'voice', :kpi, :at, :at, '>=', 95, 80, 80, 100, :severity)"
                    " returning breach_id"
                ),
                {"kpi": kpi, "severity": severity, "at": NOON},
            ).scalar_one()
            for kpi, severity in (("scr", "warning"), ("asa", "critical"))
        ]


def subjects(mailbox):
    return [(mail["To"], mail["Subject"]) for mail in mailbox.mails]


def test_one_alert_goes_out_at_once_and_the_next_ones_together_after_the_pause(cycle, mailbox):
    cycle(NOON, "24/11")
    cycle(NOON + MINUTE, "25/11")
    cycle(NOON + 4 * MINUTE, "26/11")
    assert subjects(mailbox) == [(KOKO, "[RTM] Kartu: roster 24/11 belum siap")]
    cycle(NOON + 9 * MINUTE)
    assert len(mailbox.mails) == 1
    cycle(NOON + 10 * MINUTE)
    assert subjects(mailbox)[1:] == [(KOKO, "[RTM] Kartu: roster 25/11 belum siap, dan 1 lagi")]
    body = mailbox.mails[1].get_body(("plain",)).get_content()
    assert "roster 25/11" in body
    assert "roster 26/11" in body
    assert "24/11" not in body
    cycle(NOON + 30 * MINUTE)
    assert len(mailbox.mails) == 2


def test_several_alerts_of_one_cycle_are_one_mail(cycle, mailbox, query):
    cycle(NOON, "24/11", "25/11", "26/11")
    assert subjects(mailbox) == [(KOKO, "[RTM] Kartu: roster 24/11 belum siap, dan 2 lagi")]
    states = query("select kind, state, count(*) as n from ops.outbox group by 1, 2 order by 1")
    assert states == [
        {"kind": "digest", "state": "sent", "n": 1},
        {"kind": "roster_due", "state": "digested", "n": 3},
    ]


def test_a_single_alert_after_the_pause_goes_by_itself(cycle, mailbox):
    cycle(NOON, "24/11")
    cycle(NOON + MINUTE, "25/11")
    cycle(NOON + 10 * MINUTE)
    assert [subject for _, subject in subjects(mailbox)] == [
        *("[RTM] Kartu: roster 24/11 belum siap", "[RTM] Kartu: roster 25/11 belum siap"),
    ]


def test_people_do_not_wait_for_each_other(cycle, mailbox):
    cycle(NOON, "24/11")
    cycle(NOON + MINUTE, "24/11", to="lia@bank.example")
    assert {to for to, _ in subjects(mailbox)} == {KOKO, "lia@bank.example"}


def test_markup_in_an_alert_stays_text_in_the_digest(cycle, mailbox):
    cycle(NOON, "<b>24</b>", "25/11")
    html = mailbox.mails[0].get_body(("html",)).get_content()
    assert "&lt;b&gt;24" in html
    assert "<b>24" not in html


def test_the_links_of_a_digest_can_be_followed(send, mailbox):
    link = "https://rtm.example/rtm/rosters?service=KARTU&date=2026-11-24"
    facts = [{**ALERT, "roster_date": date, "link": link} for date in ("24/11", "25/11")]
    send(NOON, *(Mail("roster_due", f"due-{of['roster_date']}", KOKO, of) for of in facts))
    html = mailbox.mails[0].get_body(("html",)).get_content()
    assert html.count(f'<a href="{link.replace("&", "&amp;")}"') == 2


def test_no_alert_waits_for_a_digest_of_agents_and_they_wait_for_all(send, mailbox):
    send(NOON, matters(1))
    send(NOON + MINUTE, breach(1))
    assert [subject.partition(":")[0] for _, subject in subjects(mailbox)] == [
        *("[RTM] 2 ketidaksesuaian agent", "[RTM] Kartu"),
    ]
    send(NOON + 2 * MINUTE, matters(2))
    send(NOON + 9 * MINUTE)
    assert len(mailbox.mails) == 2
    send(NOON + 11 * MINUTE)
    assert len(mailbox.mails) == 3
    send(NOON + 12 * MINUTE, matters(3))
    assert len(mailbox.mails) == 3, "they wait for each other"


def test_a_digest_of_nothing_but_digests_of_agents_holds_no_alert(send, mailbox):
    send(NOON, breach(1))
    send(NOON + MINUTE, matters(1), matters(2))
    send(NOON + 10 * MINUTE)
    assert subjects(mailbox)[1:] == [(KOKO, "[RTM] 2 ketidaksesuaian agent: Tim Satu, dan 1 lagi")]
    send(NOON + 11 * MINUTE, breach(2))
    assert len(mailbox.mails) == 3


def test_the_worst_comes_first_in_a_digest_and_is_its_subject(send, mailbox, breaches):
    warning, critical = breaches
    send(
        NOON,
        *(matters(1), Mail("plan_due", "due", KOKO, PLAN)),
        Mail("plan_escalation", "late", KOKO, PLAN),
        breach(warning, severity_name="peringatan"),
        breach(critical, kpi_name="ASA"),
    )
    ((_, subject),) = subjects(mailbox)
    assert subject == "[RTM] Kartu: ASA 80 di luar target 95 (kritis), dan 4 lagi"
    body = mailbox.mails[0].get_body(("plain",)).get_content()
    numbered = [line for line in body.splitlines() if line[:1].isdigit() and ". [RTM]" in line]
    assert numbered == [
        "1. [RTM] Kartu: ASA 80 di luar target 95 (kritis)",
        "2. [RTM] Kartu: SCR 80 di luar target 95 (peringatan)",
        "3. [RTM] Eskalasi Kartu: pengajuan recovery plan 1 terlambat",
        "4. [RTM] 2 ketidaksesuaian agent: Tim Satu",
        "5. [RTM] Kartu: pengajuan recovery plan 1 jatuh tempo 10:30",
    ]


def test_a_digest_of_one_thread_belongs_to_it_and_each_mail_says_in_which_it_went(
    send, mailbox, query
):
    due = Mail("plan_due", "due", KOKO, PLAN, "breach-1")
    send(NOON, breach(1), due)
    send(NOON + 10 * MINUTE, breach(2), breach(3))
    first, second = mailbox.mails
    assert first["References"] == "<rtm-breach-1@localhost>"
    assert second["References"] is None
    told = query("select mail_id, kind, digest_id, thread from ops.outbox order by mail_id")
    digests = [mail for mail in told if mail["kind"] == "digest"]
    assert [digest["thread"] for digest in digests] == ["breach-1", None]
    inside = [mail["digest_id"] for mail in told if mail["kind"] != "digest"]
    assert inside == [digests[0]["mail_id"]] * 2 + [digests[1]["mail_id"]] * 2


def test_a_digest_that_is_removed_leaves_its_mails(send, query, system):
    send(NOON, breach(1), breach(2))
    with system.warehouse.transaction(Role.APP) as connection:
        connection.execute(text("delete from ops.outbox where kind = 'digest'"))
    assert query("select distinct state, digest_id from ops.outbox") == [
        {"state": "digested", "digest_id": None}
    ]


def test_incidents_of_one_cycle_are_one_mail(send, mailbox):
    feeds = [{**INCIDENT, "incident_subject": f"feed {n}"} for n in range(20)]
    send(NOON, *(Mail("incident", f"i:{n}", KOKO, facts) for n, facts in enumerate(feeds)))
    assert subjects(mailbox) == [(KOKO, "[RTM] Insiden: feed_stale feed 0, dan 19 lagi")]


def test_what_may_have_gone_out_opens_the_pause_as_well(cycle, mailbox, query):
    mailbox.break_at = "BODY"
    cycle(NOON, "24/11")
    assert query("select state from ops.outbox") == [{"state": "unconfirmed"}]
    mailbox.break_at = None
    cycle(NOON + MINUTE, "25/11")
    assert len(mailbox.mails) == 1
    cycle(NOON + 10 * MINUTE)
    assert len(mailbox.mails) == 2


def test_what_waits_for_a_dead_server_becomes_one_digest(send, mailbox):
    for number in range(1, 5):
        send(NOON + number * MINUTE, breach(number), smtp_url="smtp://127.0.0.1:1")
    send(NOON + 5 * MINUTE)
    assert [subject[-12:] for _, subject in subjects(mailbox)] == [", dan 3 lagi"]


def test_behind_what_the_server_refused_for_now_the_rest_waits_and_comes_together(
    send, mailbox, query
):
    mailbox.refuse_with = "451 later"
    for number in range(1, 5):
        send(NOON + number * MINUTE, breach(number))
    tried = query("select dedupe_key from ops.outbox where attempts > 0")
    assert tried == [{"dedupe_key": f"breach:1:{KOKO}"}]
    mailbox.refuse_with = None
    for minute in range(5, 25):
        send(NOON + minute * MINUTE)
    first, rest = (subject for _, subject in subjects(mailbox))
    assert not first.endswith("lagi")
    assert rest.endswith(", dan 2 lagi")


def test_what_a_person_sends_again_goes_by_itself(send, mailbox, system):
    mailbox.refuse_with = "550 no"
    send(NOON, breach(1))
    mailbox.refuse_with = None
    send(NOON + MINUTE, breach(2))
    with system.warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                "update ops.outbox set state = 'queued', next_attempt_at = '-infinity'"
                " where state = 'refused'"
            )
        )
    send(NOON + 2 * MINUTE)
    assert len(mailbox.mails) == 2
