"""The URL of the mail server is read, or refused without showing what may be a password."""

from __future__ import annotations

import traceback

import pytest

from rtm.notify.server import MailServer, is_on_this_machine, read_server
from rtm.settings import SettingError


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.bank.example", MailServer("mail.bank.example", 25, False)),
        ("smtp://127.0.0.1:8025/", MailServer("127.0.0.1", 8025, False)),
        ("smtps://mail", MailServer("mail", 465, True)),
        ("smtps://rtm:p%40ss%2F1@mail:587", MailServer("mail", 587, True, "rtm", "p@ss/1")),
        ("smtp://[::1]:25", MailServer("::1", 25, False)),
    ],
)
def test_a_url_names_server_and_login(url, server):
    assert read_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "http://rtm:hush@mail",
        "rtm:hush@mail",
        "smtp://rtm:hush@",
        "smtp://rtm:hush@mail:port",
        "smtp://rtm:hush@mail:99999",
        "smtp://rtm:25/hush@mail:25",
        "smtp://rtm:hush/hush@mail:25",
        "smtp://rtm:25#hush@mail",
        "smtp://rtm:25?hush@mail",
        "smtp://[rtm:hush@mail",
        "smtp://rtm:hush\u2100@mail",  # ℀ turns into a/c, which urlsplit refuses aloud
        "smtp://rtm:hush@a..b",
        "smtp://rtm:hush%C3%A9@mail",
    ],
)
def test_no_error_about_a_url_shows_its_password(url):
    with pytest.raises(SettingError, match="RTM_SMTP_URL") as caught:
        read_server(url)
    assert "hush" not in "".join(traceback.format_exception(caught.value)).replace(url, "")


def test_the_password_is_not_in_the_text_of_a_server():
    assert "hush" not in repr(read_server("smtp://rtm:hush@mail"))


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.0.4", False),
        ("::ffff:10.0.0.7", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),
    ],
)
def test_only_loopback_is_this_machine(address, is_here):
    assert is_on_this_machine(address) == is_here
