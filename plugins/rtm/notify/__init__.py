"""Mails: written into the outbox with the fact they tell of, handed to SMTP afterwards.

Nothing here decides who must know what; that is said by the room that found it.
"""

from rtm.notify.by_hand import MailError, confirm, resend
from rtm.notify.outbox import (
    Attachment,
    Mail,
    attach,
    queue_mails,
    refused_mails,
    unconfirmed_mails,
)
from rtm.notify.rendering import words
from rtm.notify.sending import ON_PAPER, Sent, send_due

__all__ = [
    "ON_PAPER",
    "Attachment",
    "Mail",
    "MailError",
    "Sent",
    "attach",
    "confirm",
    "queue_mails",
    "refused_mails",
    "resend",
    "send_due",
    "unconfirmed_mails",
    "words",
]
