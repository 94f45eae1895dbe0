"""Withdraws breaches that corrected data take away: late calls, a changed target, an alias.

The window of the breach is counted again as the marts know it now. Where the target was met in it
after all, the breach is cleared and its plan withdrawn with both numbers as the reason; neither is
deleted. A plan that is already carried out stays: it was real work.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from rtm.audit import PIPELINE
from rtm.recovery.changing import Change, change_plan, lock_plan
from rtm.recovery.lifecycle import Action, Status
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

NOT_BEGUN = frozenset({Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.VERIFIED})
"""Of these alone `marts.rpt_breach_recount` counts the window again."""

RECOUNTED = text("select * from marts.rpt_breach_recount order by breach_id")

PLAN_OF = text("select plan_id from ops.recovery_plan where breach_id = :breach_id")

REMEMBER = text("update ops.breach set recounted_at = :as_of where breach_id = any(:breaches)")

CLEAR = text(
    """
    update ops.breach
    set cleared_at = coalesce(cleared_at, :as_of), cleared_because = 'data_corrected'
    where breach_id = :breach_id
    """
)


def withdraw_corrected(warehouse: Warehouse, settings: Settings, as_of: datetime) -> int:
    """Returns how many plans were withdrawn."""
    with warehouse.transaction(Role.APP) as connection:
        recounted = connection.execute(RECOUNTED).all()
        breaches = [breach.breach_id for breach in recounted]
        connection.execute(REMEMBER, {"breaches": breaches, "as_of": as_of})
    return sum(
        _withdraw(warehouse, settings, breach, as_of) for breach in recounted if breach.is_met
    )


def _withdraw(
    warehouse: Warehouse, settings: Settings, recounted: Row[Any], as_of: datetime
) -> bool:
    """Whether the plan is withdrawn: not where somebody has begun to carry it out meanwhile."""
    breach = {"breach_id": recounted.breach_id}
    with warehouse.transaction(Role.APP) as connection:
        plan_id: int = connection.execute(PLAN_OF, breach).scalar_one()
        plan = lock_plan(connection, plan_id)
        if plan["status"] not in NOT_BEGUN or plan["times_reopened"]:
            return False
        connection.execute(CLEAR, {**breach, "as_of": as_of})
        note = _both_numbers(recounted)
        change = Change(Action.WITHDRAW, PIPELINE, as_of, plan["revision"], note=note)
        change_plan(connection, settings, plan_id, change)
        return True


def _both_numbers(recounted: Row[Any]) -> str:
    """At detection and as it is known now: value (numerator/denominator), and the target if that
    was changed."""
    told = (
        f"{recounted.observed:.2f} ({recounted.numerator:.0f}/{recounted.denominator:.0f})"
        f" -> {_value(recounted)}"
    )
    if recounted.recounted_target == recounted.target:
        return told
    return f"{told}; {recounted.target:.2f} -> {recounted.recounted_target:.2f}"


def _value(recounted: Row[Any]) -> str:
    if recounted.recounted is None:
        return "- (0/0)"
    counted = f"{recounted.recounted_numerator:.0f}/{recounted.recounted_denominator:.0f}"
    return f"{recounted.recounted:.2f} ({counted})"
