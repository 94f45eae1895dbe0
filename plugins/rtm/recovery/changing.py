"""Takes a recovery plan through its life: one transaction with its audit row and its mails.

The rules are in `rtm.recovery.lifecycle`. Whoever changes a plan says which revision they saw: of
two people who write at the same time the second is told, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, RowMapping, text

from rtm import audit
from rtm.recovery.due import read_due
from rtm.recovery.lifecycle import Action, Cause, Content, PlanError, Standing, Status, next_status
from rtm.recovery.telling import tell_of_change
from rtm.settings import Settings

SUBJECT = "recovery_plan"
KEPT_YEARS = 2
"""SOP 10: the form is kept so long from its closing."""

PLAN = text(
    """
    select
        plan.*,
        breach.service_code,
        breach.channel,
        breach.kpi,
        breach.roster_date,
        breach.severity,
        coalesce(breach.severity_since, breach.detected_at) as severity_since,
        breach.comparator,
        breach.target,
        breach.observed,
        breach.numerator,
        breach.denominator,
        breach.at_risk,
        breach.started_at as breach_started_at,
        breach.detected_at,
        breach.cleared_at,
        breach.cleared_because,
        service.service_name,
        service.timezone
    from ops.recovery_plan as plan
    inner join ops.breach as breach on breach.breach_id = plan.breach_id
    inner join marts.dim_service as service on service.service_code = breach.service_code
    where plan.plan_id = :plan_id
    """
)
# What is still missed after its plan was closed is a breach of its own, with a plan of its own.
END_BREACH = text(
    """
    update ops.breach set cleared_at = :at, cleared_because = 'plan_closed'
    where breach_id = :breach_id and cleared_at is null
    """
)
LOCK = text("select from ops.recovery_plan where plan_id = :plan_id for update")


@dataclass(frozen=True)
class Change:
    """What somebody does with a plan."""

    action: Action
    actor: str
    at: datetime
    revision: int
    """Of the plan as the actor saw it."""
    content: Content | None = None
    """What `write` and `submit` put into the plan; None leaves it."""
    note: str | None = None
    """The reason, or the evidence of what was done."""


class UnknownPlanError(LookupError):
    """There is no plan of this number, or it was removed at the end of its retention."""


def read_plan(connection: Connection, plan_id: int) -> RowMapping:
    """The plan with its breach and its service, as it stands."""
    plan = connection.execute(PLAN, {"plan_id": plan_id}).mappings().one_or_none()
    if plan is None:
        raise UnknownPlanError(f"there is no recovery plan {plan_id}")
    return plan


def lock_plan(connection: Connection, plan_id: int) -> RowMapping:
    """The plan as `read_plan` gives it; until the transaction ends nobody else changes it."""
    connection.execute(LOCK, {"plan_id": plan_id})
    return read_plan(connection, plan_id)


def read_history(connection: Connection, plan_id: int) -> list[RowMapping]:
    """What was done with the plan, oldest first."""
    return audit.read(connection, SUBJECT, [plan_id])


def standing(plan: RowMapping) -> Standing:
    """The plan as the rules of its life see it."""
    return Standing(
        *(Status(plan["status"]), frozenset(plan["contributors"]), content_of(plan)),
        plan["is_effective"] is not None,
    )


def content_of(plan: RowMapping) -> Content:
    return Content(
        Cause(plan["cause_category"]) if plan["cause_category"] else None,
        tuple(plan["whys"]),
        *(plan["correction"], plan["corrective_action"], plan["responsible"], plan["due_at"]),
        *(plan["horizon_min"], plan["on_target_intervals"]),
    )


def change_plan(
    connection: Connection, settings: Settings, plan_id: int, change: Change
) -> RowMapping:
    """Takes one step in a plan's life and returns the plan after it.

    Raises UnknownPlanError, ChangedMeanwhileError, or PlanError with the reason.
    """
    plan = lock_plan(connection, plan_id)
    audit.insist_unchanged(connection, SUBJECT, plan_id, plan["revision"], change.revision)
    now = standing(plan)
    written = change.content if change.content is not None else now.content
    if change.content is not None and change.action not in (Action.WRITE, Action.SUBMIT):
        raise PlanError("not_writable", [change.action])
    status = next_status(
        replace(now, content=written),
        *(change.action, change.actor, change.at, change.note),
    )
    changed = _columns(plan, change, written, status)
    due = None
    if "status" in changed:
        due = read_due(connection, plan_id)
    connection.execute(_update(changed), {**changed, "plan_id": plan_id})
    if change.action is Action.CLOSE:
        connection.execute(END_BREACH, {"breach_id": plan["breach_id"], "at": change.at})
    audit.record(
        connection,
        *(change.at, change.actor, SUBJECT, plan_id, change.action, [plan["service_code"]]),
        _told(plan, changed, due, change.note),
    )
    after = read_plan(connection, plan_id)
    tell_of_change(connection, settings, after, change.action, change.actor, change.note, change.at)
    return after


def _columns(plan: RowMapping, change: Change, written: Content, status: Status) -> dict[str, Any]:
    """The columns that the change sets, with their values."""
    at, actor = change.at, change.actor
    columns: dict[str, Any] = {"revision": plan["revision"] + 1}
    if status != plan["status"]:
        columns |= {"status": status, "status_since": at}
    writers = [*plan["contributors"], *({actor} - set(plan["contributors"]))]
    match change.action:
        case Action.WRITE:
            columns |= {**written.as_columns(), "contributors": writers}
        case Action.SUBMIT:
            columns |= {**written.as_columns(), "contributors": writers}
            columns |= {"author": actor, "submitted_at": at}
        case Action.RETURN:
            columns |= {"times_returned": plan["times_returned"] + 1}
        case Action.VERIFY:
            columns |= {"verifier": actor, "verified_at": at}
        case Action.START:
            columns |= {"started_at": at}
        case Action.FINISH:
            columns |= {"done_at": at, "evidence": change.note}
        case Action.CLOSE | Action.WITHDRAW:
            columns |= {"closed_at": at, "retain_until": _kept_until(at, plan["timezone"])}
        case Action.REOPEN:
            columns |= dict.fromkeys(
                (
                    *("author", "verifier", "evidence", "is_effective", "effect_known_at"),
                    *("submitted_at", "verified_at", "started_at", "done_at", "closed_at"),
                    "retain_until",
                )
            )
            # What they wrote stays, and so they may not verify it
            columns |= {"times_reopened": plan["times_reopened"] + 1}
        case Action.HOLD:
            columns |= {"is_on_legal_hold": True}
        case Action.RELEASE:
            columns |= {"is_on_legal_hold": False}
    return columns


def _update(changed: dict[str, Any]) -> Any:
    assignments = ", ".join(f"{column} = :{column}" for column in changed)
    return text(f"update ops.recovery_plan set {assignments} where plan_id = :plan_id")


def _kept_until(at: datetime, zone: str) -> date:
    closed = at.astimezone(ZoneInfo(zone)).date()
    try:
        return closed.replace(year=closed.year + KEPT_YEARS)
    except ValueError:  # 29 February
        return closed.replace(year=closed.year + KEPT_YEARS, month=3, day=1)


def _told(
    plan: RowMapping, changed: dict[str, Any], due: Row[Any] | None, note: str | None
) -> dict[str, Any]:
    """What the audit keeps: each column that changed, before and after; of a step, which one the
    plan waited for and when the rules of that time wanted it; and the note."""
    differing = {
        column: [_plain(plan[column]), _plain(value)]
        for column, value in changed.items()
        if column not in ("revision", "status_since") and plan[column] != value
    }
    told: dict[str, Any] = {"changed": differing}
    if due is not None:
        told["due"] = {"step": due.step, "at": _plain(due.due_at)}
    return told | ({"note": note} if note else {})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
