"""Reminds those who have the next step of a plan before it is due, and escalates what is overdue.

When a step is due is said by `marts.rpt_plan_due`, from the rules of the feed `plan_rule`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from rtm.recipients import coordinators, on_duty, people, team_leaders
from rtm.recovery.changing import read_plan
from rtm.recovery.lifecycle import STEPS, Action
from rtm.recovery.telling import tell_of_due
from rtm.settings import Settings

# What somebody was told of already is not looked at again, however long it stays overdue.
DUE = text(
    """
    select due.*, keyed.told_as
    from (
        select
            plan_id,
            breach_id,
            step,
            due_at as step_due_at,
            case when escalate_at <= :as_of then 'plan_escalation' else 'plan_due' end as kind
        from marts.rpt_plan_due
        where remind_at <= :as_of
    ) as due
    cross join lateral (
        select
            concat_ws(
                ':', due.kind, due.plan_id, due.step, extract(epoch from due.step_due_at)::bigint
            ) as told_as
    ) as keyed
    where not exists (
        select from ops.outbox as mail
        where mail.thread = 'breach-' || due.breach_id
            and starts_with(mail.dedupe_key, keyed.told_as || ':')
    )
    order by due.plan_id
    """
)


def remind(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Returns how many mails were written. Each step is told of once, and escalated once."""
    told = 0
    for due in connection.execute(DUE, {"as_of": as_of}).mappings().all():
        plan = read_plan(connection, due["plan_id"])
        waits_for = _next_people(connection, settings, plan, Action(due["step"]), as_of)
        is_escalated = due["kind"] == "plan_escalation"
        to = coordinators(connection, settings, plan["service_code"]) if is_escalated else waits_for
        told += tell_of_due(connection, settings, plan, due, to, waits_for, as_of)
    return told


def _next_people(
    connection: Connection, settings: Settings, plan: RowMapping, step: Action, as_of: datetime
) -> list[str]:
    """Addresses of those who can take the step; the coordinators' where nobody else can."""
    service = plan["service_code"]
    if step is Action.SUBMIT:
        chosen = people(connection, plan["contributors"]) or on_duty(connection, service, as_of)
    elif STEPS[step].by_another:
        others = set(team_leaders(connection, service))
        chosen = sorted(others - set(people(connection, plan["contributors"])))
    else:
        chosen = people(connection, [plan["responsible"], plan["author"]])
    return chosen or coordinators(connection, settings, service)
