"""Mails: written into the outbox with the fact they tell of, handed to SMTP afterwards.

Nothing here decides who must know what; that is said by the room that found it.
"""

from rtm.notify.outbox import Mail, queue_mails
from rtm.notify.sending import ON_PAPER, Sent, send_due

__all__ = ["ON_PAPER", "Mail", "Sent", "queue_mails", "send_due"]
