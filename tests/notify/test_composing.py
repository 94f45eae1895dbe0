"""A mail goes to one address and has the headers it is given, whatever stands in the data."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rtm.notify.composing import ADDRESS, compose, read_address, read_sender
from rtm.notify.rendering import render
from rtm.settings import SettingError

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SENDER = read_sender("RTM <rtm@bank.example>")
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "In-Reply-To",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]
STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
"""What PostgreSQL can keep as text."""

NO_ADDRESSES = [
    "",
    " ",
    "a@",
    "@b",
    "<",
    ">",
    "a",
    "a@b@c",
    "a@b, c@d",
    "a b@c",
    "a@b c",
    "Ani <ani@bank.example>",
    "ani@bank.example\n",
    "ani@bank.example\r\nBcc: all@bank.example",
    "ani@bänk.example",
    "añi@bank.example",
    '"a"@b',
    "(a)@b",
    "a..b@c",
    ".a@c",
    "a@b.",
    "a@-b",
    "a@[127.0.0.1]",
    "=?utf-8?q?=0aBcc=3a_all@bank.example?=@b",
    "x" * 251 + "@b.c",
]


def row(recipient: str = "ani@bank.example", subject: str = "one", text: str = "two") -> Any:
    """A row of the outbox, as the database gives it."""
    mail = render(
        "incident", {"kind": "feed_stale", "incident_subject": subject, "detail": text}, "en"
    )
    return SimpleNamespace(
        mail_id=1,
        recipient=recipient,
        subject=mail.subject,
        body_text=mail.text,
        body_html=mail.html,
        thread="breach-1",
        created_at=NOON,
    )


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_plain_address_is_refused_by_name(text):
    with pytest.raises(ValueError, match="not an address of the form name@domain in ASCII"):
        compose(row(text), SENDER)


@pytest.mark.parametrize(
    "text", ["ani@bank.example", "a.b+c@x", "rtm@localhost", "o'neil_1%2@a-b.co.id"]
)
def test_a_plain_address_is_taken_as_it_stands(text):
    assert read_address(text).addr_spec == text
    mail = email.message_from_bytes(compose(row(text), SENDER), policy=email.policy.default)
    assert [address.addr_spec for address in mail["To"].addresses] == [text]


@given(
    st.text(STORABLE)
    | st.builds("{}@{}".format, st.text(STORABLE), st.text(STORABLE))
    | st.from_regex(ADDRESS, fullmatch=True)
    | st.emails()
)
def test_any_text_is_one_address_or_an_error_of_its_own(text: str):
    if ADDRESS.fullmatch(text):
        mail = email.message_from_bytes(compose(row(text), SENDER), policy=email.policy.default)
        assert [address.addr_spec for address in mail["To"].addresses] == [text]
    else:
        with pytest.raises(ValueError, match="not an address"):
            compose(row(text), SENDER)


@given(subject=st.text(STORABLE, max_size=300), text=st.text(STORABLE, max_size=300))
@example(subject="=?utf-8?q?=0d=0aBcc=3a_all@bank.example?=", text="")
@example(subject="Kartu =?us-ascii?q?=0aBcc=3a_all@bank.example?= Kredit é", text="")
@example(subject="a\r\nBcc: all@bank.example", text="")
@example(subject="a\x0b\x85\u2028\x00\x1b[31mb", text="\x1b\x85\u2028.\r\n.\r\n")
@example(subject="=?=?", text="")
@example(subject="é" * 5000, text="x" * 5000)
@example(subject="word " * 1000, text="é" * 5000)
def test_no_data_adds_a_header_or_a_line_too_long_for_smtp(subject: str, text: str):
    content = compose(row(subject=subject, text=text), SENDER)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.isascii()
    head = content.partition(b"\r\n\r\n")[0]
    assert not set(head) & set(range(32)) - {*b"\r\n\t"}
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert mail.keys() == HEADERS
    assert mail["Subject"].startswith("[RTM] Incident: feed_stale")


def test_a_sender_may_have_a_name():
    for text in ("RTM Bank <rtm@bank.example>", '"RTM Bank" <rtm@bank.example>'):
        sender = read_sender(text)
        assert (sender.display_name, sender.addr_spec) == ("RTM Bank", "rtm@bank.example")
    assert read_sender("rtm@localhost").addr_spec == "rtm@localhost"


@pytest.mark.parametrize(
    "text",
    [
        "rtm",
        "rtm@",
        "RTM <>",
        "RTM <rtm@bank.example> x",
        "R\nTM <rtm@bank.example>",
        "=?utf-8?q?=0ax?= <rtm@bank.example>",
        "rtm@bänk.example",
    ],
)
def test_a_sender_that_cannot_be_is_an_error_of_the_setting(text):
    with pytest.raises(SettingError, match="RTM_MAIL_FROM"):
        read_sender(text)
