"""Whose turn it is with a recovery plan: the right that each step asks for, and the plans of the
visitor's services that are not closed, first those whose next step the visitor may take.

What may follow what is said by `rtm.recovery.lifecycle`, and when it is due by `rpt_plan_due`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, text

from rtm.desk.rights import Right, Visitor, may
from rtm.recovery.lifecycle import STEPS, Action

Rows = Sequence[Row[Any]]

RIGHT_FOR: dict[Action, Right] = {
    **dict.fromkeys(
        (Action.WRITE, Action.SUBMIT, Action.START, Action.FINISH, Action.REOPEN),
        Right.WRITE_PLAN,
    ),
    **dict.fromkeys((Action.VERIFY, Action.RETURN, Action.CLOSE), Right.VERIFY_PLAN),
    **dict.fromkeys((Action.HOLD, Action.RELEASE), Right.HOLD_PLAN),
}
"""The steps that people take; the others are the pipeline's."""

CARRIED_OUT = frozenset({Action.START, Action.FINISH})
"""What whoever the plan names for carrying it out may do as well, whatever their position."""

ONWARDS = (Action.SUBMIT, Action.VERIFY, Action.START, Action.FINISH, Action.CLOSE)
"""The steps that a plan waits for. No plan waits to be returned, reopened or held."""

PLANS = text(
    """
    with

    turns as (
        select *
        from unnest(
            cast(:statuses as text[]), cast(:codes as text[]), cast(:by_another as boolean[])
        ) as turn (status, service_code, by_another)
    ),

    plans as (
        select
            plan.plan_id,
            plan.status,
            breach.service_code,
            service.service_name,
            service.timezone,
            breach.channel,
            breach.kpi,
            breach.roster_date,
            due.step,
            due.due_at,
            coalesce(due.is_overdue, false) as is_overdue,
            -- Nothing is to be done while its effect is awaited
            due.step is not null and case
                when kept.responsible = :me and plan.status = any(:carried_out) then true
                else turns.status is not null
                    and not (turns.by_another and cast(:me as text) = any(kept.contributors))
            end as is_mine
        from marts.fct_recovery_plan as plan
        inner join ops.recovery_plan as kept on kept.plan_id = plan.plan_id
        inner join marts.fct_breach as breach on breach.breach_id = plan.breach_id
        inner join marts.dim_service as service on service.service_code = breach.service_code
        left join marts.rpt_plan_due as due on due.plan_id = plan.plan_id
        left join turns
            on turns.status = plan.status and turns.service_code = breach.service_code
        where plan.closed_at is null and breach.service_code = any(:services)
    ),

    ranked as (
        select
            plans.*,
            count(*) over (partition by is_mine) as found,
            row_number() over (
                partition by is_mine order by due_at nulls last, plan_id
            ) as place
        from plans
    )

    select * from ranked
    where place <= :most
    order by is_mine desc, place
    """
)


def may_take(visitor: Visitor, action: Action, plan: RowMapping) -> bool:
    """Whether the visitor has the right to a step of the plan: by their position at its service, or
    because the plan names them for carrying it out."""
    if action in CARRIED_OUT and visitor.is_person and plan["responsible"] == visitor.agent_id:
        return True
    return may(visitor, RIGHT_FOR[action], plan["service_code"])


@dataclass(frozen=True)
class OpenPlans:
    """Plans that are not closed, with the step that is due next, the most urgent first; each row
    says how many of its kind were `found` in all."""

    mine: Rows
    """Those whose next step the visitor may take."""
    others: Rows


def read_open_plans(connection: Connection, visitor: Visitor, most: int) -> OpenPlans:
    """The plans at the services of the visitor, at most so many of each kind."""
    turns = [
        (status, code, STEPS[action].by_another)
        for action in ONWARDS
        for status in sorted(STEPS[action].of)
        for code in visitor.services(RIGHT_FOR[action])
    ]
    asked = {
        "statuses": [str(status) for status, _, _ in turns],
        "codes": [code for _, code, _ in turns],
        "by_another": [by_another for _, _, by_another in turns],
        "me": visitor.agent_id or "",
        "carried_out": [str(of) for step in CARRIED_OUT for of in STEPS[step].of],
        "services": visitor.services(Right.READ_SERVICE),
        "most": most,
    }
    rows = connection.execute(PLANS, asked).all()
    return OpenPlans([row for row in rows if row.is_mine], [row for row in rows if not row.is_mine])
