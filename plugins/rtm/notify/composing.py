"""A row of the outbox as a mail in MIME.

What it says was written before, in `rtm.notify.rendering`. Addresses are checked here: they come
from delivered data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from sqlalchemy import Row

from rtm.settings import SettingError

# Headers are not folded at 78 characters: a subject that is folded before its first word reaches
# some readers with a leading blank. 7bit, since not every server takes 8-bit bodies.
MESSAGE = SMTP.clone(max_line_length=900, cte_type="7bit")

# Narrower than the standard: what every server takes and Python's parser of headers survives.
# No "?", since "=?…?=" would be read as a word in code.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
ADDRESS = re.compile(rf"(?=.{{3,254}}\Z){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*", re.ASCII)


def read_address(text: str, name: str = "") -> Address:
    """One address, of the form name@domain in ASCII; raises ValueError for anything else."""
    if not ADDRESS.fullmatch(text):
        raise ValueError(f"not an address of the form name@domain in ASCII: {text!r}")
    return Address(name, addr_spec=text)


def read_sender(text: str) -> Address:
    """The sender of all mails, alone or as "Name <address>"; raises SettingError."""
    name, _, address = text.strip().removesuffix(">").rpartition("<")
    name = name.strip(' "')
    try:
        if not name.isprintable() or "=?" in name:
            raise ValueError(f"not a name that can stand in a header: {name!r}")
        return read_address(address, name)
    except ValueError as error:
        raise SettingError(f"RTM_MAIL_FROM: {error}") from error


def compose(mail: Row[Any], sender: Address, attachments: Iterable[Row[Any]] = ()) -> bytes:
    """The mail as it goes over the wire, with rows of `ops.attachment`; raises ValueError if it
    cannot go."""
    message = EmailMessage(policy=MESSAGE)
    message["From"] = sender
    message["To"] = read_address(mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    # The same mail always has the same id, so that a mailbox can tell a repetition.
    message["Message-ID"] = f"<rtm-mail-{mail.mail_id}@{sender.domain}>"
    if mail.thread:
        message["References"] = f"<rtm-{mail.thread}@{sender.domain}>"
        message["In-Reply-To"] = f"<rtm-{mail.thread}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body_text)
    message.add_alternative(mail.body_html, subtype="html")
    for file in attachments:
        kind, _, subtype = file.media_type.partition("/")
        message.add_attachment(
            bytes(file.content), maintype=kind, subtype=subtype, filename=file.file_name
        )
    return message.as_bytes()
