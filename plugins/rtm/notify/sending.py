"""Hands due mails to the SMTP server: retried until they are answered, never sent twice.

A mail is claimed before it is handed over. One that may have gone out is marked `unconfirmed` for
a person, not sent again: the connection broke while its body was on the way, or the process ended
before the answer was recorded. What breaks earlier is tried again.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address

from sqlalchemy import Row, text

from rtm.notify.composing import compose, read_sender
from rtm.notify.digesting import gather
from rtm.notify.server import UnconfirmedError, connect, hand_over, read_server
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

log = logging.getLogger(__name__)

ON_PAPER = "paper:"
"""In place of a server's URL: mails are recorded as sent, and nothing leaves the house."""
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=30)
REFUSED_FROM = 500
"""SMTP answers from here on are final."""


@dataclass
class Sent:
    """What one round did."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0


def send_due(warehouse: Warehouse, settings: Settings, as_of: datetime) -> Sent:
    """Sends what is due at `as_of`. Without a mail server, or with a dead one, mails wait."""
    round_ = Sent()
    with warehouse.exclusive("outbox"):
        _mark_cut_off(warehouse)
        if settings.smtp_url == ON_PAPER:
            _gather(warehouse, settings, as_of)
            round_.sent = _record_on_paper(warehouse, as_of)
        elif settings.smtp_url and _has_due(warehouse, as_of):
            _send_over(settings.smtp_url, warehouse, settings, as_of, round_)
        with warehouse.transaction(Role.APP) as connection:
            round_.waiting = connection.execute(
                text("select count(*) from ops.outbox where state = 'queued'")
            ).scalar_one()
    return round_


def _gather(warehouse: Warehouse, settings: Settings, as_of: datetime) -> None:
    with warehouse.transaction(Role.APP) as connection:
        gather(connection, settings.language, as_of)


def _send_over(
    url: str, warehouse: Warehouse, settings: Settings, as_of: datetime, round_: Sent
) -> None:
    # A wrong setting is the fault of no mail: it is found before one is claimed.
    address, sender = read_server(url), read_sender(settings.mail_from)
    try:
        with connect(address) as server:
            # Not before there is a server: what waits for one becomes one digest, not one a round.
            _gather(warehouse, settings, as_of)
            while mail := _claim(warehouse, as_of):
                _hand_over(warehouse, server, sender, mail, as_of, round_)
    except OSError as error:  # smtplib's own errors are among them
        round_.failed += 1
        log.warning("mails wait: %s", error)
        _note_dead_server(warehouse, as_of, str(error))


def _hand_over(
    warehouse: Warehouse,
    server: smtplib.SMTP,
    sender: Address,
    mail: Row[tuple[object, ...]],
    as_of: datetime,
    round_: Sent,
) -> None:
    try:
        content = compose(mail, sender, _attachments(warehouse, mail))
    except ValueError as error:
        round_.failed += 1
        _record(warehouse, mail, "refused", str(error), as_of)
        return
    try:
        hand_over(server, sender.addr_spec, mail.recipient, content)
    except smtplib.SMTPResponseException as error:
        round_.failed += 1
        code = error.smtp_code
        # All mails have the same sender: a server that does not take it says nothing of this one.
        is_final = code >= REFUSED_FROM and not isinstance(error, smtplib.SMTPSenderRefused)
        answer = f"{code} {_text(error.smtp_error)}"
        _record(warehouse, mail, "refused" if is_final else "queued", answer, as_of)
        # Fails where the server hung up with its answer (421), before another mail is claimed.
        server.rset()
    except UnconfirmedError as error:
        _record(warehouse, mail, "unconfirmed", str(error), as_of)
        raise
    except OSError as error:
        _record(warehouse, mail, "queued", f"no connection: {error}", as_of)
        raise
    else:
        round_.sent += 1
        _record(warehouse, mail, "sent", "250 accepted", as_of)


def _attachments(
    warehouse: Warehouse, mail: Row[tuple[object, ...]]
) -> Sequence[Row[tuple[object, ...]]]:
    if not mail.attachments:
        return ()
    with warehouse.transaction(Role.APP) as connection:
        return connection.execute(
            text("select * from ops.attachment where attachment_id = any(:ids) order by 1"),
            {"ids": mail.attachments},
        ).all()


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def _mark_cut_off(warehouse: Warehouse) -> None:
    """Nobody else sends now, so a mail that is still claimed was cut off in its handing over."""
    with warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                "update ops.outbox set state = 'unconfirmed',"
                " smtp_answer = 'cut off while sending; ask the reader, then resend or confirm'"
                " where state = 'sending'"
            )
        )


def _has_due(warehouse: Warehouse, as_of: datetime) -> bool:
    with warehouse.transaction(Role.APP) as connection:
        return bool(
            connection.execute(
                text(
                    "select exists (select from ops.outbox"
                    " where state = 'queued' and next_attempt_at <= :as_of)"
                ),
                {"as_of": as_of},
            ).scalar_one()
        )


def _claim(warehouse: Warehouse, as_of: datetime) -> Row[tuple[object, ...]] | None:
    with warehouse.transaction(Role.APP) as connection:
        return connection.execute(
            text(
                """
                update ops.outbox
                set state = 'sending', attempts = attempts + 1, next_attempt_at = :as_of
                where mail_id = (
                    select mail_id from ops.outbox
                    where state = 'queued' and next_attempt_at <= :as_of
                    order by mail_id limit 1
                )
                returning *
                """
            ),
            {"as_of": as_of},
        ).one_or_none()


def _record(
    warehouse: Warehouse,
    mail: Row[tuple[object, ...]],
    state: str,
    answer: str,
    as_of: datetime,
) -> None:
    delay = min(FIRST_DELAY * 2 ** min(mail.attempts - 1, 10), LONGEST_DELAY)
    with warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                """
                update ops.outbox set
                    state = :state,
                    smtp_answer = :answer,
                    sent_at = case when :state = 'sent' then cast(:as_of as timestamptz) end,
                    next_attempt_at = case
                        when :state = 'queued' then cast(:next_attempt_at as timestamptz)
                        else next_attempt_at
                    end
                where mail_id = :mail_id
                """
            ),
            {
                "state": state,
                "answer": answer[:500],
                "as_of": as_of,
                "next_attempt_at": as_of + delay,
                "mail_id": mail.mail_id,
            },
        )


def _note_dead_server(warehouse: Warehouse, as_of: datetime, error: str) -> None:
    with warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                "update ops.outbox set smtp_answer = :answer"
                " where state = 'queued' and next_attempt_at <= :as_of"
            ),
            {"answer": f"no connection: {error}"[:500], "as_of": as_of},
        )


def _record_on_paper(warehouse: Warehouse, as_of: datetime) -> int:
    with warehouse.transaction(Role.APP) as connection:
        return connection.execute(
            text(
                "update ops.outbox set state = 'sent', sent_at = :as_of, next_attempt_at = :as_of,"
                " attempts = attempts + 1, smtp_answer = 'on paper: a replay sends nothing'"
                " where state = 'queued' and next_attempt_at <= :as_of"
            ),
            {"as_of": as_of},
        ).rowcount
