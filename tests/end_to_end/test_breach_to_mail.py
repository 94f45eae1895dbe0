"""A missed target becomes one breach, one recovery plan in draft and one mail, and clears."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import socket
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from rtm.cycle import System, run_cycle
from tests.small_centre import CALL_HEADER, MORNING, call, deliver_reference

TEN_O_CLOCK = MORNING + timedelta(hours=2)
MINUTE = timedelta(minutes=1)


class Mailbox:
    """What a real SMTP server was handed; it can be told to refuse."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.refuse_with: str | None = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.refuse_with:
            return self.refuse_with
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append(
            email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        )
        return "250 accepted"


@pytest.fixture
def mailbox():
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()


@pytest.fixture
def centre(system: System, mailbox, deliver) -> System:
    deliver_reference(deliver)
    return System(dataclasses.replace(system.settings, smtp_url=mailbox.url), system.warehouse)


def calls(prefix, first, count, outcome, wait_s=30):
    """`count` calls, ten seconds apart."""
    rows = (
        call(f"{prefix}{n}", first + timedelta(seconds=10 * n), outcome, wait_s)
        for n in range(count)
    )
    return CALL_HEADER + "".join(rows)


def breach_mails(mailbox):
    return [mail for mail in mailbox.mails if mail["To"] == "koko@bank.example"]


def test_a_missed_scr_opens_one_breach_with_one_plan_and_one_mail(centre, deliver, mailbox, query):
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), TEN_O_CLOCK + 5 * MINUTE)
    for minute in (5, 6, 7):
        run_cycle(centre, TEN_O_CLOCK + minute * MINUTE)
    (breach,) = query("select * from marts.fct_breach")
    assert (breach["service_code"], breach["channel"], breach["kpi"]) == ("KARTU", "voice", "scr")
    assert (breach["numerator"], breach["denominator"], breach["observed"]) == (0, 12, 0)
    assert breach["severity"] == "critical"
    assert breach["detected_at"] == TEN_O_CLOCK + 5 * MINUTE
    (plan,) = query("select * from ops.recovery_plan")
    assert plan["status"] == "draft"
    assert plan["breach_id"] == breach["breach_id"]
    assert plan["facts"]["gap"] == -95
    assert plan["facts"]["formula"] == "scr/1"
    (mail,) = breach_mails(mailbox)
    assert mail["Subject"] == "[RTM] Kartu Kredit: SCR 0.0 % di luar target >= 95.0 %"
    assert f"nomor {plan['plan_id']}" in mail.get_body(("plain",)).get_content()


def test_a_breach_clears_when_the_kpi_is_back(centre, deliver, mailbox, query):
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), TEN_O_CLOCK + 5 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 5 * MINUTE)
    eleven = TEN_O_CLOCK + 60 * MINUTE
    deliver("call", "good.csv", calls("G", eleven, 30, "answered"), eleven + 8 * MINUTE)
    run_cycle(centre, eleven + 8 * MINUTE)
    (breach,) = query("select cleared_at from marts.fct_breach")
    assert breach["cleared_at"] == eleven + 8 * MINUTE
    assert len(breach_mails(mailbox)) == 1


def test_a_service_on_target_or_with_few_calls_opens_nothing(centre, deliver, query):
    deliver("call", "good.csv", calls("G", TEN_O_CLOCK, 20, "answered"), TEN_O_CLOCK + 5 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 5 * MINUTE)
    later = TEN_O_CLOCK + 90 * MINUTE
    deliver("call", "few.csv", calls("F", later, 4, "abandoned"), later + 2 * MINUTE)
    run_cycle(centre, later + 2 * MINUTE)
    assert query("select * from marts.fct_breach") == []


def test_a_feed_that_is_behind_raises_an_incident_and_no_breach(centre, deliver, query):
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), TEN_O_CLOCK + 5 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 20 * MINUTE)
    assert query("select * from marts.fct_breach") == []
    (incident,) = query("select kind, subject from ops.incident where closed_at is null")
    assert incident == {"kind": "feed_stale", "subject": "call"}


def test_late_answers_to_conversations_open_a_response_time_breach(centre, deliver, query):
    header = "conversation_id,service_code,channel,received_at,first_response_at\n"
    rows = "".join(
        f"V{n},KARTU,chat,{(TEN_O_CLOCK + n * MINUTE).isoformat()},"
        f"{(TEN_O_CLOCK + (n + 3) * MINUTE).isoformat()}\n"
        for n in range(8)
    )
    deliver("conversation", "slow.csv", header + rows, TEN_O_CLOCK + 12 * MINUTE)
    run_cycle(centre, TEN_O_CLOCK + 12 * MINUTE)
    (breach,) = query("select kpi, channel, numerator, denominator from marts.fct_breach")
    assert breach == {
        "kpi": "response_time",
        "channel": "chat",
        "numerator": 0,
        "denominator": 8,
    }


def test_a_dead_mail_server_delays_mail_and_nothing_else(centre, deliver, mailbox, query):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        down = System(dataclasses.replace(centre.settings, smtp_url=dead), centre.warehouse)
        at = TEN_O_CLOCK + 5 * MINUTE
        deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
        run_cycle(down, at)
    (waiting,) = query("select state, smtp_answer from ops.outbox where kind = 'breach'")
    assert waiting["state"] == "queued"
    assert "no connection" in waiting["smtp_answer"]
    assert len(query("select * from marts.fct_breach")) == 1
    run_cycle(centre, at + MINUTE)
    run_cycle(centre, at + 2 * MINUTE)
    assert len(breach_mails(mailbox)) == 1


def test_a_mail_is_tried_again_after_a_soft_refusal_and_given_up_after_a_hard_one(
    centre, deliver, mailbox, query
):
    mailbox.refuse_with = "451 try later"
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    run_cycle(centre, at)
    (mail,) = query("select state, attempts, next_attempt_at from ops.outbox where kind = 'breach'")
    assert (mail["state"], mail["attempts"]) == ("queued", 1)
    assert mail["next_attempt_at"] > at
    mailbox.refuse_with = "550 no such person"
    run_cycle(centre, at + 10 * MINUTE)
    (mail,) = query("select state, attempts, smtp_answer from ops.outbox where kind = 'breach'")
    assert mail == {"state": "refused", "attempts": 2, "smtp_answer": "550 no such person"}


def test_a_mail_that_was_cut_off_while_sending_is_left_to_a_person(centre, deliver, mailbox, query):
    at = TEN_O_CLOCK + 5 * MINUTE
    deliver("call", "lost.csv", calls("L", TEN_O_CLOCK, 12, "abandoned"), at)
    run_cycle(System(dataclasses.replace(centre.settings, smtp_url=None), centre.warehouse), at)
    with centre.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("update ops.outbox set state = 'sending' where kind = 'breach'")
    run_cycle(centre, at + MINUTE)
    (mail,) = query("select state from ops.outbox where kind = 'breach'")
    assert mail["state"] == "unconfirmed"
    assert breach_mails(mailbox) == []
