"""What a person decides of a mail that was refused or may not have arrived: it goes again, as it
was or to the address that its reader has now; or it did arrive. Whether an address is somebody's is
said by `rtm.recipients`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.notify.outbox import LONGEST_RECIPIENT
from rtm.recipients import present_addresses, reached
from rtm.settings import Settings


class MailError(ValueError):
    """A mail of which that cannot be said; the message says why, and what to do."""


MAIL = text(
    "select state, recipient, dedupe_key from ops.outbox where mail_id = :mail_id for update"
)

KEYED = text("select mail_id, state from ops.outbox where dedupe_key = :key")

QUEUE = text(
    """
    update ops.outbox set
        state = 'queued',
        next_attempt_at = '-infinity',
        recipient = :recipient,
        dedupe_key = :key,
        replaced_at = null
    where mail_id = :mail_id
    """
)


# It was handed over in its last attempt: until then it waited in no mailbox.
CONFIRM = text(
    """
    update ops.outbox set
        state = 'sent',
        sent_at = next_attempt_at,
        smtp_answer = left(concat_ws('; ', smtp_answer, 'arrived, says ' || :told_by), 500)
    where mail_id = :mail_id
    """
)


def confirm(connection: Connection, mail_id: int, told_by: str) -> None:
    """Holds an unconfirmed mail for sent in its last attempt, as somebody says who has asked its
    reader. Raises MailError."""
    mail = _lock(connection, mail_id)
    if mail.state != "unconfirmed":
        raise MailError(f"mail {mail_id} is not unconfirmed, but {mail.state}")
    connection.execute(CONFIRM, {"mail_id": mail_id, "told_by": told_by})


def resend(
    connection: Connection, settings: Settings, mail_id: int, address: str | None = None
) -> str:
    """Queues a refused or unconfirmed mail again, to `address` if that is given; returns where it
    goes. Raises MailError."""
    mail = _lock(connection, mail_id)
    if mail.state not in ("refused", "unconfirmed"):
        raise MailError(f"mail {mail_id} is neither refused nor unconfirmed, but {mail.state}")
    recipient = _present(connection, settings, mail_id, mail.recipient, address)
    # The key ends in the recipient, so that nobody gets the same mail twice.
    key = f"{mail.dedupe_key.removesuffix(mail.recipient)}{recipient}"
    other = connection.execute(KEYED, {"key": key}).one_or_none()
    if other is not None and other.mail_id != mail_id:
        raise MailError(
            f"{recipient} has this mail already: it is mail {other.mail_id} ({other.state})"
        )
    connection.execute(QUEUE, {"mail_id": mail_id, "recipient": recipient, "key": key})
    return recipient


def _lock(connection: Connection, mail_id: int) -> Row[Any]:
    mail = connection.execute(MAIL, {"mail_id": mail_id}).one_or_none()
    if mail is None:
        raise MailError(f"there is no mail {mail_id}")
    return mail


def _present(
    connection: Connection, settings: Settings, mail_id: int, recipient: str, address: str | None
) -> str:
    wanted = (address or recipient).strip()[:LONGEST_RECIPIENT]
    if reached(connection, settings, [wanted]):
        return wanted
    if address:
        raise MailError(
            f"{wanted} is nobody's address: it stands neither in the agent feed, with somebody who"
            " is still here, nor in RTM_OPERATORS"
        )
    found = present_addresses(connection, recipient)
    if len(found) == 1:
        return found[0][:LONGEST_RECIPIENT]
    raise MailError(
        f"{recipient} is nobody's address any more, and"
        f" {'several people' if found else 'nobody who is still here'} had it: name the reader's"
        f" present one, ./rtm outbox resend {mail_id} --to ADDRESS"
    )
