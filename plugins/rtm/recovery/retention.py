"""Removes plans whose time of keeping is over, with their breach and their mails, and the digests
in which those went out.

What stays is a row of the audit that says so, and the bare fact of each step. A plan on legal hold
stays whole.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from rtm import audit
from rtm.recovery.changing import SUBJECT
from rtm.warehouse import Role, Warehouse

EXPIRED = text(
    """
    select plan.plan_id, plan.breach_id, plan.retain_until, breach.service_code
    from ops.recovery_plan as plan
    inner join ops.breach as breach on breach.breach_id = plan.breach_id
    where plan.retain_until < cast(:as_of as timestamptz)::date and not plan.is_on_legal_hold
    order by plan.plan_id
    limit :most
    for update of plan
    """
)
REMOVE = (
    text("delete from ops.recovery_plan where plan_id = any(:plans)"),
    text("delete from ops.breach where breach_id = any(:breaches)"),
    # What else went out in a digest keeps the proof that the digest was
    text(
        """
        update ops.outbox as mail set
            sent_at = digest.sent_at,
            smtp_answer = concat_ws(': ', mail.smtp_answer, digest.smtp_answer)
        from ops.outbox as digest
        where digest.mail_id = mail.digest_id
            and digest.mail_id in (select digest_id from ops.outbox where thread = any(:threads))
            and coalesce(mail.thread <> all(:threads), true)
        """
    ),
    text(
        """
        delete from ops.outbox
        where mail_id in (select digest_id from ops.outbox where thread = any(:threads))
        """
    ),
    text("delete from ops.outbox where thread = any(:threads)"),
)
AT_ONCE = 500


def remove_expired(warehouse: Warehouse, as_of: datetime) -> int:
    """Returns how many plans were removed; some hundred in one transaction."""
    removed = 0
    while True:
        with warehouse.transaction(Role.APP) as connection:
            expired = connection.execute(EXPIRED, {"as_of": as_of, "most": AT_ONCE}).all()
            if not expired:
                return removed
            plans = [plan.plan_id for plan in expired]
            breaches = [plan.breach_id for plan in expired]
            for plan in expired:
                kept = {
                    "kept_until": plan.retain_until.isoformat(),
                    "breach_id": plan.breach_id,
                    "service_code": plan.service_code,
                }
                audit.record(
                    connection,
                    *(as_of, audit.PIPELINE, SUBJECT, plan.plan_id, "remove", [plan.service_code]),
                    kept,
                )
            audit.erase(connection, SUBJECT, plans)
            threads = [f"breach-{breach}" for breach in breaches]
            for statement in REMOVE:
                connection.execute(
                    statement, {"plans": plans, "breaches": breaches, "threads": threads}
                )
            removed += len(plans)
