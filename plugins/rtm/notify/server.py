"""The mail server: reads its URL and opens a connection to it.

The URL may hold a password, so no error of this module quotes it, nor the server's answer to it.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from rtm.settings import SettingError

TIMEOUT_S = 10
DEFAULT_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over, and as whom."""

    host: str
    port: int
    is_tls: bool
    """TLS from the start; otherwise it is begun by STARTTLS where the server offers it."""
    user: str = ""
    password: str = field(default="", repr=False)


def read_server(url: str) -> MailServer:
    """Reads smtp://[user:password@]host[:port] (smtps:// for TLS from the start)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        # A "/", "?" or "#" in a password that is not written in % cuts the host off.
        is_whole = parts.path in ("", "/") and not parts.query and not parts.fragment
    except ValueError:
        # Its text holds a piece of the URL.
        raise _unreadable() from None
    if parts.scheme not in DEFAULT_PORTS or not host or not is_whole:
        raise _unreadable()
    if not (user + password).isascii():
        raise SettingError("RTM_SMTP_URL: user and password must be ASCII")
    return MailServer(
        host, port or DEFAULT_PORTS[parts.scheme], parts.scheme == "smtps", user, password
    )


def _unreadable() -> SettingError:
    return SettingError(
        "RTM_SMTP_URL: give smtp://[user:password@]host[:port], or smtps:// for TLS from the"
        " start; in user and password write : / ? # @ % as %3A %2F %3F %23 %40 %25"
        " (the value is not shown, it may hold a password)"
    )


@contextmanager
def connect(server: MailServer) -> Iterator[smtplib.SMTP]:
    """An open connection, logged in where there is a user."""
    context = ssl.create_default_context()
    connection: smtplib.SMTP
    if server.is_tls:
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    with connection:
        connection.ehlo()
        if not server.is_tls and connection.has_extn("starttls"):
            connection.starttls(context=context)
        if server.user:
            _log_in(connection, server)
        yield connection


def _log_in(connection: smtplib.SMTP, server: MailServer) -> None:
    try:
        connection.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        # Not in the server's own words: they may repeat what it was sent.
        raise smtplib.SMTPAuthenticationError(
            error.smtp_code, "the user or password of RTM_SMTP_URL is not accepted"
        ) from None
