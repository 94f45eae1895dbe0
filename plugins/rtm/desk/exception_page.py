"""What the pages of exceptions say: requests, what is in force, and the shifts that one touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import HTTPException
from sqlalchemy import Connection, Row, RowMapping, text
from starlette.datastructures import FormData

from rtm import audit
from rtm.desk.rights import Right, Visitor
from rtm.desk.typed import typed_moment, typed_text
from rtm.floor.exceptions import (
    SUBJECT,
    ExceptionRequestError,
    Reason,
    Wanted,
    exception_id,
)
from rtm.recipients import names_of

Rows = Sequence[Row[Any]]

MOST_SHOWN = 200
"""Of what waits or is in force, unless all of it is asked for; each row says how many there are."""
PAGE_SIZE = 50

PEOPLE = text(
    """
    select
        agent.agent_id,
        agent.agent_name,
        team.team_code,
        team.team_name,
        service.service_name,
        service.timezone
    from marts.dim_agent as agent
    inner join marts.dim_team as team on team.team_code = agent.team_code
    inner join marts.dim_service as service on service.service_code = team.service_code
    where team.service_code = any(:services)
        and team.team_code = any(:teams)
        and (cast(:now as timestamptz) at time zone service.timezone)::date
        <= coalesce(agent.valid_to, 'infinity')
    order by service.service_name, team.team_name, agent.agent_name, agent.agent_id
    """
)

ANSWERS_FOR = text(
    """
    select exists (
        select from marts.dim_agent as agent
        inner join marts.dim_team as team on team.team_code = agent.team_code
        where agent.agent_id = :agent_id
            and team.service_code = any(:services)
            and team.team_code = any(:teams)
    )
    """
)

# What was written about somebody's absence is personal: it is for who asked, and for those who act
# for the agent's team, who decide it. Others see who, when and the category; the text of a feed has
# no category.
READS_TEXT = "coalesce(agent.team_code = any(:teams) or request.requested_by = :me, false)"

REQUESTS = f"""
    select
        request.request_id,
        request.agent_id,
        request.start_at,
        request.end_at,
        request.reason_code,
        request.requested_by,
        request.status,
        case when {READS_TEXT} then request.reason end as reason,
        case when {READS_TEXT} then request.note end as note,
        {READS_TEXT} as reads_text,
        coalesce(agent.agent_name, request.agent_id) as agent_name,
        coalesce(asker.agent_name, request.requested_by) as asker_name,
        coalesce(decider.agent_name, request.decided_by) as decider_name,
        agent.service_code,
        service.service_name,
        service.timezone
    from ops.exception_request as request
    inner join marts.dim_agent as agent on agent.agent_id = request.agent_id
    inner join marts.dim_service as service on service.service_code = agent.service_code
    left join marts.dim_agent as asker on asker.agent_id = request.requested_by
    left join marts.dim_agent as decider on decider.agent_id = request.decided_by
"""

WAITING = text(
    f"""
    select waiting.*, count(*) over () as found
    from (
        {REQUESTS}
        where request.status = 'waiting' and agent.service_code = any(:services)
    ) as waiting
    order by waiting.start_at, waiting.request_id
    limit :most
    """
)

# For the visitor to decide: somebody else asked, for somebody else.
TO_DECIDE = text(
    f"""
    select waiting.*, count(*) over () as found
    from (
        {REQUESTS}
        where request.status = 'waiting'
            and :me not in (request.requested_by, request.agent_id)
            and agent.service_code = any(:services)
            and agent.team_code = any(:teams)
    ) as waiting
    order by waiting.start_at, waiting.request_id
    limit :most
    """
)

DECIDED = text(
    f"""
    {REQUESTS}
    where request.status <> 'waiting'
        and agent.service_code = any(:services)
        and (cast(:before as bigint) is null or request.request_id < :before)
    order by request.request_id desc
    limit :most
    """
)

ONE = text(f"{REQUESTS} where request.request_id = :request_id")

IN_FORCE = text(
    f"""
    select
        exception.exception_id,
        request.request_id,
        exception.agent_id,
        coalesce(agent.agent_name, exception.agent_id) as agent_name,
        exception.start_at,
        exception.end_at,
        request.reason_code,
        case when {READS_TEXT} then held.reason end as reason,
        {READS_TEXT} as reads_text,
        coalesce(approver.agent_name, exception.approved_by) as approver_name,
        service.service_name,
        service.timezone,
        count(*) over () as found
    from marts.fct_exception as exception
    -- What was written is not for all who read the marts
    inner join intermediate.int_exception_held as held
        on held.exception_id = exception.exception_id
    inner join marts.dim_service as service on service.service_code = exception.service_code
    left join marts.dim_agent as agent on agent.agent_id = exception.agent_id
    left join marts.dim_agent as approver on approver.agent_id = exception.approved_by
    left join ops.exception_request as request
        on exception.exception_id = 'desk-' || request.request_id
    where exception.is_approved
        and exception.service_code = any(:services)
        and exception.start_at < exception.end_at
        and tstzrange(exception.start_at, exception.end_at) && tstzrange(
            date_trunc('day', exception.as_of at time zone service.timezone)
            at time zone service.timezone,
            (date_trunc('day', exception.as_of at time zone service.timezone) + interval '1 day')
            at time zone service.timezone
        )
    order by exception.start_at, agent_name, exception.exception_id
    limit :most
    """
)

HELD = text(
    """
    select exception.is_approved
    from marts.fct_exception as exception
    where exception.exception_id = :exception_id
    """
)

# The day before for a shift over midnight; a day on each side for the zones.
SHIFTS = text(
    """
    select
        shift.roster_date,
        shift.shift_code,
        shift.planned_start_at,
        shift.planned_end_at,
        shift.status
    from marts.fct_attendance as shift
    where shift.agent_id = :agent_id
        and shift.roster_date between cast(:start_at as date) - 2 and cast(:end_at as date) + 1
        and shift.planned_start_at < :end_at
        and shift.planned_end_at > :start_at
    order by shift.planned_start_at
    """
)


@dataclass(frozen=True)
class Listed:
    """The blocks of the page of all exceptions, in reading order."""

    waiting: Rows
    in_force: Rows
    decided: Rows
    older: int | None
    """The number before which the next older page begins."""


@dataclass(frozen=True)
class RequestPage:
    """The blocks of the page of one request, in reading order."""

    is_held: bool | None
    """Whether the marts take the time out; None where the exception has not been taken in."""
    shifts: Rows
    history: Sequence[RowMapping]
    names: Mapping[str, str]


def read_list(
    connection: Connection, visitor: Visitor, before: int | None, whole: str = ""
) -> Listed:
    """The blocks of the page; the one named `whole` is not cut."""
    asked = {**_scope(visitor, Right.READ_SERVICE), "before": before}

    def most(block: str) -> int | None:
        return None if block == whole else MOST_SHOWN

    decided = connection.execute(DECIDED, {**asked, "most": PAGE_SIZE + 1}).all()
    shown = decided[:PAGE_SIZE]
    return Listed(
        connection.execute(WAITING, {**asked, "most": most("waiting")}).all(),
        connection.execute(IN_FORCE, {**asked, "most": most("in_force")}).all(),
        shown,
        shown[-1].request_id if len(decided) > PAGE_SIZE else None,
    )


def read_to_decide(connection: Connection, visitor: Visitor, most: int) -> Rows:
    """The requests that wait for the visitor, at most so many, the one that begins first at the
    head."""
    asked = _scope(visitor, Right.APPROVE_EXCEPTION)
    return connection.execute(TO_DECIDE, {**asked, "most": most}).all()


def find_request(connection: Connection, visitor: Visitor, request_id: int) -> RowMapping:
    """The request with its agent and service, or 404; without its text, where that is not for the
    visitor to read (`reads_text`)."""
    asked = {**_scope(visitor, Right.READ_SERVICE), "request_id": request_id}
    found = connection.execute(ONE, asked).mappings().one_or_none()
    if found is None:
        raise HTTPException(404)
    return found


def read_request_page(connection: Connection, request: RowMapping) -> RequestPage:
    """The page of a request that the visitor may see."""
    request_id = request["request_id"]
    entries = audit.read(connection, SUBJECT, [request_id])
    held = connection.execute(HELD, {"exception_id": exception_id(request_id)})
    return RequestPage(
        held.scalar_one_or_none(),
        connection.execute(SHIFTS, dict(request)).all(),
        entries,
        names_of(connection, {entry["actor"] for entry in entries}),
    )


def read_people(connection: Connection, visitor: Visitor, now: datetime) -> Rows:
    """For whom the visitor may ask for an exception."""
    asked = _scope(visitor, Right.REQUEST_EXCEPTION)
    return connection.execute(PEOPLE, {**asked, "now": now}).all()


def answers_for(connection: Connection, visitor: Visitor, right: Right, agent_id: str) -> bool:
    """Whether the visitor has the right where the agent works, and answers for the agent's team."""
    asked = {**_scope(visitor, right), "agent_id": agent_id}
    is_so: bool = connection.execute(ANSWERS_FOR, asked).scalar_one()
    return is_so


def read_wanted(form: FormData, people: Rows, now: datetime) -> Wanted:
    """What a form asks for; ExceptionRequestError `incomplete` names what cannot be read."""
    who = next((one for one in people if one.agent_id == typed_text(form, "agent_id")), None)
    wrong = [] if who else ["agent_id"]
    times: dict[str, datetime] = {}
    for name in ("start_at", "end_at"):
        try:
            moment = typed_moment(form, name, who.timezone if who else "UTC", now)
        except ValueError:
            moment = None
        if moment is None:
            wrong.append(name)
        else:
            times[name] = moment
    category, reason = typed_text(form, "reason_code") or "", typed_text(form, "reason")
    if category not in set(Reason):
        wrong.append("reason_code")
    if not reason:
        wrong.append("reason")
    if wrong or who is None or reason is None:
        raise ExceptionRequestError("incomplete", wrong)
    return Wanted(who.agent_id, times["start_at"], times["end_at"], Reason(category), reason)


def _scope(visitor: Visitor, right: Right) -> dict[str, Any]:
    return {
        "services": visitor.services(right),
        "teams": visitor.teams_of_the_day(),
        "me": visitor.agent_id,
    }
