"""The mail server: reads its URL, opens a connection to it, hands one mail over.

The URL may hold a password, so no error of this module quotes it, nor the server's answer to it.
"""

from __future__ import annotations

import ipaddress
import re
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
    """TLS from the start; otherwise it is begun by STARTTLS where the server offers it. Nobody logs
    in without, but on this machine."""
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
    """An open connection, logged in where there is a user; raises InTheClearError where that would
    show the password to whoever listens."""
    context = ssl.create_default_context()
    connection: smtplib.SMTP
    if server.is_tls:
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    with connection:
        connection.ehlo()
        is_tls = server.is_tls
        if not is_tls and connection.has_extn("starttls"):
            connection.starttls(context=context)
            is_tls = True
        if server.user:
            if not is_tls and not is_on_this_machine(_peer(connection)):
                raise InTheClearError
            _log_in(connection, server)
        yield connection


class InTheClearError(OSError):
    """The server offers no TLS, or somebody between took its offer away."""

    def __init__(self) -> None:
        super().__init__(
            "the server offers no STARTTLS, and no password goes over the network without TLS:"
            " give smtps://… in RTM_SMTP_URL, in the connection smtp_default take disable_ssl out"
            " of its extra (with the server's port for TLS, mostly 465), or have the server offer"
            " STARTTLS; a server that asks for no login needs no user there"
        )


def is_on_this_machine(address: str) -> bool:
    """Whether an IP address is of the loopback interface."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def _peer(connection: smtplib.SMTP) -> str:
    """The IP address at the other end, whatever the server's name is said to be."""
    assert connection.sock is not None
    address: str = connection.sock.getpeername()[0]
    return address


def _log_in(connection: smtplib.SMTP, server: MailServer) -> None:
    try:
        connection.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        # Not in the server's own words: they may repeat what it was sent.
        raise smtplib.SMTPAuthenticationError(
            error.smtp_code, "the user or password of RTM_SMTP_URL is not accepted"
        ) from None


class UnconfirmedError(OSError):
    """The connection broke after the mail itself had begun to go over: it may have been taken."""


def hand_over(server: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> None:
    """One mail to one recipient, its lines ended by CRLF. In steps, unlike `SMTP.sendmail`, since
    only a break in the last of them leaves it unknown whether the mail was taken.

    Raises SMTPSenderRefused or another SMTPResponseException with the server's refusal,
    UnconfirmedError, or any other OSError where nothing of the mail has gone over yet.
    """
    options = [f"size={len(content)}"] if server.has_extn("size") else []
    code, answer = _heed(server, *server.mail(sender, options))
    if not _is_taken(code):
        raise smtplib.SMTPSenderRefused(code, answer, sender)
    code, answer = _heed(server, *server.rcpt(recipient))
    if not _is_taken(code):
        raise smtplib.SMTPResponseException(code, answer)
    code, answer = _heed(server, *server.docmd("data"))
    if code != 354:
        raise smtplib.SMTPDataError(code, answer)
    try:
        # A line that begins with a point would end the mail.
        server.send(re.sub(rb"(?m)^\.", b"..", content).removesuffix(b"\r\n") + b"\r\n.\r\n")
        code, answer = server.getreply()
    except OSError as error:
        raise UnconfirmedError(f"the connection broke while sending: {error}") from error
    if 400 <= code < 600:
        _heed(server, code, answer)
        raise smtplib.SMTPDataError(code, answer)
    if not _is_taken(code):
        raise UnconfirmedError(f"the server's answer to the mail cannot be read: {answer!r}")


def _heed(server: smtplib.SMTP, code: int, answer: bytes) -> tuple[int, bytes]:
    if code == 421:  # It hangs up.
        server.close()
    return code, answer


def _is_taken(code: int) -> bool:
    return 200 <= code < 300
