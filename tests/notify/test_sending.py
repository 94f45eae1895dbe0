"""No mail holds up another, whatever is in it; what the server says of one is kept with it."""

from __future__ import annotations

import dataclasses
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from rtm.notify import Mail, queue_mails, send_due
from rtm.settings import SettingError
from rtm.warehouse import Role
from tests.notify.mailbox import open_mailbox
from tests.notify.test_composing import HEADERS, NO_ADDRESSES, STORABLE

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GOOD = "ani@bank.example"


@pytest.fixture
def queue(system):
    """Writes a mail for each recipient into the outbox; returns how many are new."""

    def write(*recipients: str, key: str = "key", subject: str = "call") -> int:
        # A document, which nothing holds back
        facts = {"report_id": 1, "status": "ok", "lead": "none", "not_conformed": [subject]}
        facts |= {"month": subject}
        mails = [Mail("month_report", key, recipient, facts, "thread") for recipient in recipients]
        with system.warehouse.transaction(Role.APP) as connection:
            return queue_mails(connection, mails, "en", NOON)

    return write


@pytest.fixture
def send(system, mailbox):
    """Sends what is due through the mailbox's server, or with other settings."""

    def run(at=NOON, **changed):
        settings = {"smtp_url": mailbox.url, **changed}
        return send_due(system.warehouse, dataclasses.replace(system.settings, **settings), at)

    return run


def test_mails_to_what_is_no_address_are_refused_and_the_others_go_out(queue, send, mailbox, query):
    queue("first@bank.example", *NO_ADDRESSES, "last@bank.example")
    done = send()
    assert (done.sent, done.failed, done.waiting) == (2, len(NO_ADDRESSES), 0)
    assert [mail["To"] for mail in mailbox.mails] == ["first@bank.example", "last@bank.example"]
    refused = query(
        "select recipient, smtp_answer from ops.outbox where state = 'refused' order by mail_id"
    )
    assert [row["recipient"] for row in refused] == NO_ADDRESSES
    assert all("name@domain in ASCII" in row["smtp_answer"] for row in refused)


def test_an_address_of_any_length_can_be_queued_and_is_refused(queue, send, query):
    # Random letters: PostgreSQL cannot press them below what its index holds.
    queue("".join(chr(0x4E00 + n * n % 20_000) for n in range(20_000)), GOOD)
    assert send().sent == 1
    assert query("select count(*) as n from ops.outbox where state = 'refused'") == [{"n": 1}]


@examples(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    subject=st.text(STORABLE, max_size=100) | st.builds("=?utf-8?q?=0a{}?=".format, st.text("a=_")),
    recipients=st.lists(
        st.sampled_from(NO_ADDRESSES)
        | st.text(STORABLE, max_size=30)
        | st.builds("{}@{}".format, st.text(STORABLE, max_size=9), st.text(STORABLE, max_size=9))
        | st.emails(),
        unique=True,
        max_size=5,
    ),
)
def test_every_mail_is_sent_or_refused_whatever_is_in_the_others(
    queue, send, mailbox, query, keys, subject, recipients
):
    mailbox.mails.clear()
    mailbox.envelopes.clear()
    queue(*recipients, key=next(keys), subject=subject)
    queue(GOOD, key=next(keys), subject=subject)
    send()
    states = query("select state, count(*) as n from ops.outbox group by state")
    assert {row["state"] for row in states} <= {"sent", "refused"}
    assert all(mail.keys() == HEADERS for mail in mailbox.mails)
    assert mailbox.envelopes[-1] == ("rtm@localhost", [GOOD])
    assert all(to[0] in (*recipients, GOOD) and len(to) == 1 for _, to in mailbox.envelopes)


@pytest.fixture
def keys():
    return (f"key-{number}" for number in count())


def test_a_mail_that_is_queued_already_takes_no_number(queue, query):
    assert queue("a@x", "a@x", "b@x") == 2
    assert queue("a@x", "b@x") == 0
    assert queue("c@x") == 1
    numbers = [row["mail_id"] for row in query("select mail_id from ops.outbox order by 1")]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_a_sender_that_the_server_does_not_take_costs_no_mail(queue, send, mailbox, query):
    mailbox.refuse_sender_with = "550 not from you"
    queue("a@x", "b@x")
    assert send().waiting == 2
    assert {row["smtp_answer"] for row in query("select smtp_answer from ops.outbox")} == {
        "550 not from you"
    }
    mailbox.refuse_sender_with = None
    assert send(NOON + MINUTE).sent == 2


@pytest.mark.parametrize(
    "wrong", [{"mail_from": "rtm@"}, {"smtp_url": "mail:25"}, {"smtp_url": "smtp://u:p/w@mail:25"}]
)
def test_a_wrong_setting_costs_no_mail(queue, send, query, wrong):
    queue(GOOD)
    with pytest.raises(SettingError):
        send(**wrong)
    assert query("select state, attempts from ops.outbox") == [{"state": "queued", "attempts": 0}]
    assert send().sent == 1


def test_a_server_that_hangs_up_with_its_refusal_leaves_the_mails_queued(
    queue, send, mailbox, query
):
    mailbox.refuse_with = "421 closing"
    queue("a@x", "b@x")
    assert send().waiting == 2
    assert mailbox.mails == []
    mailbox.refuse_with = None
    assert send(NOON + MINUTE).sent == 2


@pytest.mark.parametrize("where", ["MAIL", "RCPT"])
def test_a_connection_that_breaks_before_the_mail_itself_costs_no_mail(
    queue, send, mailbox, query, where
):
    mailbox.break_at = where
    queue("a@x", "b@x")
    done = send()
    assert (done.sent, done.failed, done.waiting) == (0, 1, 2)
    first, second = query("select * from ops.outbox order by mail_id")
    assert first["smtp_answer"].startswith("no connection: ")
    assert (first["state"], first["attempts"], first["next_attempt_at"]) == (
        *("queued", 1),
        NOON + timedelta(seconds=30),
    )
    assert (second["state"], second["attempts"]) == ("queued", 0)
    mailbox.break_at = None
    assert send(NOON + MINUTE).sent == 2
    assert len(mailbox.mails) == 2


def test_a_connection_that_breaks_within_the_mail_leaves_it_to_a_person(
    queue, send, mailbox, query
):
    mailbox.break_at = "BODY"
    queue(GOOD)
    send()
    mailbox.break_at = None
    send(NOON + 60 * MINUTE)
    assert len(mailbox.mails) == 1
    (mail,) = query("select state, smtp_answer from ops.outbox")
    assert mail["state"] == "unconfirmed"
    assert mail["smtp_answer"].startswith("the connection broke while sending")


def test_lines_that_begin_with_a_point_arrive_as_they_are(queue, send, mailbox):
    queue(GOOD, subject=".\n..\n.x")
    assert send().sent == 1
    lines = mailbox.mails[0].get_body(("plain",)).get_content().splitlines()
    assert {"- .", "..", ".x"} <= set(lines)


def test_a_refused_login_is_told_without_the_password_though_the_server_repeats_it(
    system, queue, send, query
):
    def repeat_it(server, session, envelope, mechanism, login):
        return AuthResult(
            success=False, handled=False, message=f"535 {login.password.decode()} is wrong"
        )

    options = {"authenticator": repeat_it, "auth_require_tls": False}
    with open_mailbox(**options) as strict:
        queue(GOOD)
        send(smtp_url=strict.url.replace("smtp://", "smtp://rtm:hush@"))
    (mail,) = query("select state, smtp_answer from ops.outbox")
    assert mail["state"] == "queued"
    assert "hush" not in mail["smtp_answer"]
    assert "the user or password of RTM_SMTP_URL is not accepted" in mail["smtp_answer"]


def test_a_login_that_is_taken_sends(queue, send):
    seen = []

    def take(server, session, envelope, mechanism, login):
        seen.append((login.login, login.password))
        return AuthResult(success=True)

    with open_mailbox(authenticator=take, auth_require_tls=False, auth_required=True) as strict:
        queue(GOOD)
        assert send(smtp_url=strict.url.replace("smtp://", "smtp://rtm:p%40ss@")).sent == 1
    assert seen == [(b"rtm", b"p@ss")]


@pytest.fixture
def elsewhere(monkeypatch):
    """The mailbox's server counts as one on another machine."""
    monkeypatch.setattr("rtm.notify.server.is_on_this_machine", lambda address: False)


def test_no_password_goes_over_the_network_in_clear(elsewhere, queue, send, query, caplog):
    seen = []

    def take(server, session, envelope, mechanism, login):
        seen.append(login.password)
        return AuthResult(success=True)

    with open_mailbox(authenticator=take, auth_require_tls=False) as strict:
        queue(GOOD)
        done = send(smtp_url=strict.url.replace("smtp://", "smtp://rtm:hush@"))
        assert (done.sent, done.failed, done.waiting) == (0, 1, 1)
        assert seen == []
        # It waits until the setting is right; without a login nothing is to be kept.
        assert send(NOON + MINUTE, smtp_url=strict.url).sent == 1
    assert "smtps://… in RTM_SMTP_URL" in caplog.text
    assert "disable_ssl" in caplog.text
    assert "hush" not in caplog.text


def test_a_mail_that_waits_for_tls_says_so(elsewhere, queue, send, query):
    with open_mailbox(auth_require_tls=False) as strict:
        queue(GOOD)
        send(smtp_url=strict.url.replace("smtp://", "smtp://rtm:hush@"))
    (mail,) = query("select state, attempts, smtp_answer from ops.outbox")
    assert (mail["state"], mail["attempts"]) == ("queued", 0)
    assert "the server offers no STARTTLS" in mail["smtp_answer"]


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """TLS of a server at 127.0.0.1 whose certificate this machine trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "server.crt").write_bytes(certificate.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    (tmp_path / "server.key").write_bytes(
        key.private_bytes(pem, form, serialization.NoEncryption())
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.crt"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    return context


def test_a_login_after_starttls_is_no_login_in_clear(elsewhere, queue, send, certified):
    seen = []

    def take(server, session, envelope, mechanism, login):
        seen.append(login.password)
        return AuthResult(success=True)

    with open_mailbox(tls_context=certified, authenticator=take) as secure:
        queue(GOOD)
        assert send(smtp_url=secure.url.replace("smtp://", "smtp://rtm:p%40ss@")).sent == 1
    assert seen == [b"p@ss"]
