"""A real SMTP server that keeps what it was handed, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """What the server was handed."""

    def __init__(self) -> None:
        self.url = ""
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.refuse_sender_with: str | None = None
        self.refuse_with: str | None = None
        self.unknown: set[str] = set()
        """Addresses that nobody has."""
        self.break_at: str | None = None
        """MAIL, RCPT or BODY: where the connection breaks without an answer; BODY when the
        mail is there."""
        self.takes_s = 0.0
        """Half of it passes before a mail is kept, half of it before that is answered."""

    def _break(self, server, where: str) -> None:
        if self.break_at == where:
            server.transport.abort()

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        self._break(server, "MAIL")
        if self.refuse_sender_with:
            return self.refuse_sender_with
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        self._break(server, "RCPT")
        if self.refuse_with:
            return self.refuse_with
        if address in self.unknown:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(self.takes_s / 2)
        self.mails.append(
            email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        )
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        self._break(server, "BODY")
        await asyncio.sleep(self.takes_s / 2)
        return "250 accepted"


@contextmanager
def open_mailbox(**server: Any) -> Iterator[Mailbox]:
    """A mailbox whose server listens on loopback; `server` are options of aiosmtpd."""
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **server)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()
