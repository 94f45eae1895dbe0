"""What the page of a recovery plan says: the breach it answers, its form, its course, its like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import HTTPException
from sqlalchemy import Connection, Row, RowMapping, text
from starlette.datastructures import FormData

from rtm.desk import breaches
from rtm.desk.breach_page import BreachPage, read_breach_page
from rtm.desk.typed import BROWSER_MINUTE, typed_moment, typed_text
from rtm.positions import COORDINATES, IS_WFM, LEADS, here_at
from rtm.recipients import names_of
from rtm.recovery.changing import UnknownPlanError, content_of, read_history, read_plan
from rtm.recovery.lifecycle import MOST, MOST_WHYS, Cause, Content, PlanError
from rtm.recovery.similar import find_similar

Rows = Sequence[Row[Any]]

WHYS = tuple(f"why{number}" for number in range(1, MOST_WHYS + 1))
FIELDS = (
    *("cause_category", *WHYS, "correction", "corrective_action", "responsible", "due_at"),
    *MOST,
)
"""Of the form, in its order; of the plan they are columns, but for the whys, which are one."""
COLUMNS = tuple(dict.fromkeys("whys" if name in WHYS else name for name in FIELDS))

# Who can carry out a plan of the service, and say at the desk that they did: whoever has a position
# there today, whether on duty or not
COLLEAGUES = text(
    f"""
    select
        person.agent_id,
        person.agent_name,
        person.role,
        coalesce(bool_or({LEADS} or {COORDINATES}), false) as may_verify
    from marts.dim_service as served
    left join marts.dim_team as team on team.service_code = served.service_code
    inner join marts.dim_agent as person on {LEADS} or {COORDINATES} or {IS_WFM}
    left join marts.dim_service as service on service.service_code = person.service_code
    where served.service_code = :service_code
        and {here_at("cast(:now as timestamptz)")}
    group by person.agent_id, person.agent_name, person.role
    order by
        array_position(array['team_leader', 'coordinator', 'wfm'], person.role),
        person.agent_name,
        person.agent_id
    """
)


@dataclass(frozen=True)
class Stored:
    """What a field of the plan holds while somebody typed something else, and who put it there;
    the pipeline's own values are nobody's."""

    value: str
    by: str | None
    at: datetime | None


@dataclass(frozen=True)
class PlanPage:
    """The blocks of the page, in reading order."""

    plan: RowMapping
    breach: Row[Any]
    course: BreachPage
    colleagues: Rows
    names: Mapping[str, str]
    """Of the people whom the plan names, by id."""
    history: Sequence[RowMapping]
    similar: Sequence[RowMapping]


def find_plan(connection: Connection, plan_id: int) -> RowMapping:
    """The plan, or 404."""
    try:
        return read_plan(connection, plan_id)
    except UnknownPlanError:
        raise HTTPException(404) from None


def read_plan_page(connection: Connection, plan: RowMapping, now: datetime) -> PlanPage:
    """The page of a plan that the visitor may see."""
    breach = breaches.read_one(connection, plan["breach_id"])
    if breach is None:
        raise HTTPException(404)
    history = read_history(connection, plan["plan_id"])
    named = {plan[name] for name in ("author", "verifier", "responsible") if plan[name]}
    named |= {entry["actor"] for entry in history}
    named |= {who for entry in history for who in changes_of(entry).get("responsible", ()) if who}
    return PlanPage(
        plan,
        breach,
        read_breach_page(connection, breach),
        read_colleagues(connection, plan, now),
        names_of(connection, named),
        history,
        find_similar(connection, plan["plan_id"], now),
    )


def read_colleagues(connection: Connection, plan: RowMapping, now: datetime) -> Rows:
    """Whom a plan may name as the one who carries it out, team leaders first."""
    asked = {"service_code": plan["service_code"], "now": now}
    return connection.execute(COLLEAGUES, asked).all()


def verifiers(colleagues: Rows) -> set[str]:
    """Those who may verify a plan of the service whenever they come, unless they wrote it."""
    return {who.agent_id for who in colleagues if who.may_verify}


def insist_on_colleague(content: Content, colleagues: Rows) -> None:
    """PlanError `not_a_colleague` where the plan names somebody else, or who has left."""
    if content.responsible and content.responsible not in {who.agent_id for who in colleagues}:
        raise PlanError("not_a_colleague", [content.responsible])


def as_typed(plan: RowMapping) -> dict[str, str]:
    """The content of a plan as the fields of its form hold it."""
    content = content_of(plan)
    due = content.due_at
    typed = dict.fromkeys(WHYS, "") | dict(zip(WHYS, content.whys, strict=False))
    return typed | {
        "cause_category": content.cause_category or "",
        "correction": content.correction or "",
        "corrective_action": content.corrective_action or "",
        "responsible": content.responsible or "",
        "due_at": due.astimezone(ZoneInfo(plan["timezone"])).strftime(BROWSER_MINUTE)
        if due
        else "",
        "horizon_min": str(content.horizon_min),
        "on_target_intervals": str(content.on_target_intervals),
        "note": "",
    }


def changes_of(entry: RowMapping) -> dict[str, Any]:
    """What a step changed, by column, before and after; nothing of a plan that was removed."""
    changed: dict[str, Any] = (entry["content"] or {}).get("changed", {})
    return changed


def typed_in(form: FormData) -> dict[str, str]:
    """What somebody wrote into a form of the plan, as text, without what was left empty."""
    told = ((name, form.get(name)) for name in (*FIELDS, "note"))
    return {name: value for name, value in told if isinstance(value, str) and value.strip()}


def differing(
    plan: RowMapping, typed: Mapping[str, str], history: Sequence[RowMapping]
) -> dict[str, Stored]:
    """The fields that hold something else than was typed: what a second saving would replace."""
    now = as_typed(plan)
    found = {}
    for name in FIELDS:
        column = "whys" if name in WHYS else name
        last = next((one for one in reversed(history) if column in changes_of(one)), None)
        # What was empty from the beginning is nobody's: nothing is lost by writing into it.
        if _plain(now[name]) != _plain(typed.get(name, "")) and (now[name] or last):
            by, at = (last["actor"], last["at"]) if last else (None, None)
            found[name] = Stored(now[name], by, at)
    return found


def _plain(typed: str) -> str:
    """A browser sends the ends of lines in its own way."""
    return typed.replace("\r\n", "\n").strip()


def read_content(form: FormData, plan: RowMapping, now: datetime) -> Content:
    """What a form holds; PlanError `incomplete` names the fields that cannot be read."""
    wrong: list[str] = []
    cause = typed_text(form, "cause_category")
    if cause and cause not in set(Cause):
        wrong.append("cause_category")
    due_at = None
    try:
        due_at = typed_moment(form, "due_at", plan["timezone"], now)
    except ValueError:
        wrong.append("due_at")
    numbers = {}
    for name, most in MOST.items():
        told = typed_text(form, name) or ""
        numbers[name] = int(told) if told.isdecimal() and len(told) < 6 else 0
        if not 0 < numbers[name] <= most:
            wrong.append(name)
    if wrong:
        raise PlanError("incomplete", wrong)
    whys = (typed_text(form, name) for name in WHYS)
    return Content(
        cause_category=Cause(cause) if cause else None,
        whys=tuple(why for why in whys if why),
        correction=typed_text(form, "correction"),
        corrective_action=typed_text(form, "corrective_action"),
        responsible=typed_text(form, "responsible"),
        due_at=due_at,
        **numbers,
    )
