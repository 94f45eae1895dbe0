"""Withdraws breaches that corrected data take away: late calls, a changed target, an alias.

The window of the breach is counted again as the marts know it now. Where the target was met in it
after all, the breach is cleared and its plan withdrawn with both numbers as the reason; neither is
deleted. A plan that is already carried out stays: it was real work.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.audit import PIPELINE
from rtm.recovery.changing import Change, change_plan
from rtm.recovery.lifecycle import Action
from rtm.settings import Settings

RECOUNTED = text(
    """
    select recount.*, plan.plan_id, plan.revision
    from marts.rpt_breach_recount as recount
    inner join ops.recovery_plan as plan on plan.breach_id = recount.breach_id
    order by plan.plan_id
    """
)

REMEMBER = text("update ops.breach set recounted_at = :as_of where breach_id = any(:breaches)")

CLEAR = text(
    """
    update ops.breach
    set cleared_at = coalesce(cleared_at, :as_of), cleared_because = 'data_corrected'
    where breach_id = :breach_id
    """
)


def withdraw_corrected(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Returns how many plans were withdrawn."""
    recounted = connection.execute(RECOUNTED).all()
    breaches = [plan.breach_id for plan in recounted]
    connection.execute(REMEMBER, {"breaches": breaches, "as_of": as_of})
    corrected = [plan for plan in recounted if plan.is_met]
    for plan in corrected:
        connection.execute(CLEAR, {"breach_id": plan.breach_id, "as_of": as_of})
        change = Change(Action.WITHDRAW, PIPELINE, as_of, plan.revision, note=_both_numbers(plan))
        change_plan(connection, settings, plan.plan_id, change)
    return len(corrected)


def _both_numbers(plan: Row[Any]) -> str:
    """At detection and as it is known now: value (numerator/denominator)."""
    then = f"{plan.observed:.2f} ({plan.numerator:.0f}/{plan.denominator:.0f})"
    if plan.recounted is None:
        return f"{then} -> - (0/0)"
    counted = f"{plan.recounted_numerator:.0f}/{plan.recounted_denominator:.0f}"
    return f"{then} -> {plan.recounted:.2f} ({counted})"
