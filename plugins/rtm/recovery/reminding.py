"""Reminds those who have the next step of a plan before it is due, and escalates what is overdue.

When a step is due is said by `marts.rpt_plan_due`, from the rules of the feed `plan_rule`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from rtm.recipients import coordinators, on_duty, people, team_leaders
from rtm.recovery.changing import read_plan
from rtm.recovery.telling import tell_of_due
from rtm.settings import Settings

DUE = text(
    """
    select plan_id, step, due_at as step_due_at, escalate_at <= :as_of as is_escalated
    from marts.rpt_plan_due
    where remind_at <= :as_of
    order by plan_id
    """
)


def remind(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Returns how many mails were written. Each step is told of once, and escalated once."""
    told = 0
    for due in connection.execute(DUE, {"as_of": as_of}).mappings().all():
        plan = read_plan(connection, due["plan_id"])
        to = (
            coordinators(connection, settings, plan["service_code"])
            if due["is_escalated"]
            else _next_people(connection, plan, due["step"], as_of)
        )
        told += tell_of_due(connection, settings, plan, due, to, as_of)
    return told


def _next_people(connection: Connection, plan: RowMapping, step: str, as_of: datetime) -> list[str]:
    """Addresses of those who can take the step."""
    service = plan["service_code"]
    if step == "submit":
        return people(connection, plan["contributors"]) or on_duty(connection, service, as_of)
    if step in ("start", "finish"):
        return people(connection, [plan["responsible"], plan["author"]])
    others = set(team_leaders(connection, service))
    return sorted(others - set(people(connection, plan["contributors"])))
