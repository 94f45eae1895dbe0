"""A mail that was refused goes to the address that its reader has now, or says what to do; one that
may have arrived is sent again or confirmed."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import System, build_marts, land_feeds
from rtm.notify import Mail, MailError, confirm, queue_mails, resend
from rtm.warehouse import Role
from tests.small_centre import MORNING, REFERENCE, deliver_reference

OPERATOR = "ops@bank.example"
OLD, NEW = "koko@bank.example", "k.oko@bank.example"


@pytest.fixture
def refused(system, deliver):
    """Mails to these people, refused for good; gives their numbers."""
    deliver_reference(deliver)
    come(system, MORNING)

    def write(*recipients: str) -> list[int]:
        facts = {"kind": "x", "incident_subject": "y", "detail": "z", "code": "w"}
        mails = [Mail("incident", "incident:1", recipient, facts) for recipient in recipients]
        with system.warehouse.transaction(Role.APP) as connection:
            queue_mails(connection, mails, "en", datetime(2026, 11, 23, tzinfo=UTC))
            connection.execute(text("update ops.outbox set state = 'refused', attempts = 1"))
            return list(
                connection.execute(text("select mail_id from ops.outbox order by 1")).scalars()
            )

    return write


@pytest.fixture
def again(system):
    def run(mail_id: int, address: str | None = None) -> str:
        settings = dataclasses.replace(system.settings, operators=(OPERATOR,))
        with system.warehouse.transaction(Role.APP) as connection:
            return resend(connection, settings, mail_id, address)

    return run


@pytest.fixture
def corrected(system, deliver):
    """The coordinator has another address now."""

    def run() -> None:
        at = MORNING + timedelta(minutes=1)
        deliver("agent", "corrected.csv", REFERENCE["agent"].replace(OLD, NEW), at)
        come(system, at)

    return run


def come(system: System, at: datetime) -> None:
    land_feeds(system, at)
    build_marts(system, at)


def outbox(query):
    return query("select recipient, state, dedupe_key from ops.outbox order by mail_id")


def test_a_mail_whose_address_is_right_is_queued_as_it_was(refused, again, query):
    numbers = refused(OLD, OPERATOR)
    assert [again(number) for number in numbers] == [OLD, OPERATOR]
    assert {mail["state"] for mail in outbox(query)} == {"queued"}
    with pytest.raises(MailError, match="neither refused nor unconfirmed, but queued"):
        again(numbers[0])


def test_a_mail_goes_to_the_address_that_its_reader_has_now(refused, corrected, again, query):
    (number,) = refused(OLD)
    corrected()
    assert again(number) == NEW
    assert outbox(query) == [
        {"recipient": NEW, "state": "queued", "dedupe_key": f"incident:1:{NEW}"}
    ]


def test_nobody_gets_the_same_mail_twice(refused, corrected, again, query):
    number, other = refused(OLD, NEW)
    corrected()
    with pytest.raises(MailError, match=f"{NEW} has this mail already: it is mail {other}"):
        again(number)
    assert {mail["state"] for mail in outbox(query)} == {"refused"}


def test_a_mail_whose_reader_is_not_known_asks_for_an_address(refused, again, query):
    (number,) = refused("typo@bank.example")
    with pytest.raises(MailError, match=f"./rtm outbox resend {number} --to ADDRESS"):
        again(number)
    with pytest.raises(MailError, match=r"stranger@elsewhere\.example is nobody's address"):
        again(number, "stranger@elsewhere.example")
    assert outbox(query)[0]["state"] == "refused"
    assert again(number, OLD) == OLD
    assert outbox(query)[0] == {
        "recipient": OLD,
        "state": "queued",
        "dedupe_key": f"incident:1:{OLD}",
    }


def test_a_mail_that_is_not_there_is_said_to_be_so(again):
    with pytest.raises(MailError, match="there is no mail 7"):
        again(7)


def test_a_mail_that_did_arrive_was_sent_when_it_was_handed_over(refused, system, query):
    number, other = refused(OLD, OPERATOR)
    handed_over = MORNING - timedelta(hours=1)
    with system.warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                "update ops.outbox set state = 'unconfirmed', smtp_answer = 'cut off',"
                " next_attempt_at = :at where mail_id = :number"
            ),
            {"at": handed_over, "number": number},
        )
        confirm(connection, number, "Koko")
        with pytest.raises(MailError, match=f"mail {number} is not unconfirmed, but sent"):
            confirm(connection, number, "Koko")
        with pytest.raises(MailError, match=f"mail {other} is not unconfirmed, but refused"):
            confirm(connection, other, "Koko")
        with pytest.raises(MailError, match="there is no mail 7000"):
            confirm(connection, 7000, "Koko")
    assert query("select state, sent_at, smtp_answer from ops.outbox where mail_id = 1") == [
        {"state": "sent", "sent_at": handed_over, "smtp_answer": "cut off; arrived, says Koko"}
    ]
