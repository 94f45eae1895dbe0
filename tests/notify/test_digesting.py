"""Alerts of one person: one at once, the rest of ten minutes together."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from rtm.notify import Mail, queue_mails, send_due
from rtm.warehouse import Role

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KOKO = "koko@bank.example"


@pytest.fixture
def cycle(system, mailbox):
    """Queues alerts of rosters that are due, of these dates, and sends what is due."""
    settings = dataclasses.replace(system.settings, smtp_url=mailbox.url)

    def run(at, *dates, to=KOKO):
        facts = {"service_name": "Kartu", "due_text": "17:00", "lacks_text": "belum"}
        mails = [
            Mail("roster_due", f"due-{date}", to, {**facts, "roster_date": date}) for date in dates
        ]
        with system.warehouse.transaction(Role.APP) as connection:
            queue_mails(connection, mails, "id", at)
        return send_due(system.warehouse, settings, at)

    return run


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
    assert subjects(mailbox)[1:] == [(KOKO, "[RTM] 2 pemberitahuan")]
    body = mailbox.mails[1].get_body(("plain",)).get_content()
    assert "roster 25/11" in body
    assert "roster 26/11" in body
    assert "24/11" not in body
    cycle(NOON + 30 * MINUTE)
    assert len(mailbox.mails) == 2


def test_several_alerts_of_one_cycle_are_one_mail(cycle, mailbox, query):
    cycle(NOON, "24/11", "25/11", "26/11")
    assert subjects(mailbox) == [(KOKO, "[RTM] 3 pemberitahuan")]
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
