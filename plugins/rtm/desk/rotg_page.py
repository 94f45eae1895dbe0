"""What the pages of the ROTG checklist say: shifts whose floor is to be checked, rounds that were
made, and what a form of a round holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, TextClause, text
from starlette.datastructures import FormData

from rtm import audit
from rtm.desk.rights import Right, Visitor, is_theirs
from rtm.desk.typed import LONGEST_TEXT, seen_revision, typed_text
from rtm.floor.rounds import (
    RECORDED_FOR,
    SUBJECT,
    Round,
    TeamShift,
    newest_round,
)
from rtm.recipients import names_of

Rows = Sequence[Row[Any]]

MOST_SHOWN = 200
PAGE_SIZE = 50
SHIFTS_AROUND = timedelta(days=2)
"""Dates around the clock that hold every shift that can be checked; they are an index range."""

FOUND, NOTE_OF = "found:", "note:"
"""How the fields of a form begin that are about an agent; the id is what follows."""

SHIFTS = f"""
    select
        shift.service_code,
        shift.roster_date,
        shift.shift_code,
        shift.team_code,
        shift.planned_start_at,
        shift.planned_end_at,
        shift.agents,
        shift.status,
        shift.as_of,
        team.team_name,
        service.service_name,
        service.timezone,
        {is_theirs("shift.service_code")} as is_mine,
        first_round.round_id,
        first_round.checked_by,
        first_round.checked_at
    from marts.rpt_rotg_shift as shift
    inner join marts.dim_team as team on team.team_code = shift.team_code
    inner join marts.dim_service as service on service.service_code = shift.service_code
    -- The first that stands, also where the marts do not know it yet
    left join lateral (
        select made.round_id, made.checked_by, made.checked_at
        from ops.rotg_round as made
        where made.service_code = shift.service_code
            and made.roster_date = shift.roster_date
            and made.shift_code = shift.shift_code
            and made.team_code = shift.team_code
            and not exists (
                select from ops.rotg_void as void where void.round_id = made.round_id
            )
        order by made.round_id
        limit 1
    ) as first_round on true
    where shift.service_code = any(:services)
"""

# Those that run, and those that ended so lately that something seen can still be recorded.
OPEN = f"""
    {SHIFTS}
        and shift.roster_date between :first and :last
        and shift.planned_start_at <= :as_of
        and shift.planned_end_at > :ended_after
        and {is_theirs("shift.service_code")}
"""

LISTED = text(
    f"""
    {OPEN}
    order by shift.planned_end_at <= :as_of, service.service_name, team.team_name,
        shift.planned_start_at
    limit :most
    """
)

WAITING = text(
    f"""
    {OPEN}
        and first_round.round_id is null
    order by shift.planned_end_at, service.service_name, team.team_name
    limit :most
    """
)

ONE_SHIFT = text(
    f"""
    {SHIFTS}
        and shift.service_code = :service_code
        and shift.roster_date = :roster_date
        and shift.shift_code = :shift_code
        and shift.team_code = :team_code
    """
)

# Who is there, and who should be: the one at the desk sees more than the logs. Nobody of whom all
# logs say that they did not come, nor the one who checks.
ON_DUTY = text(
    """
    select
        shift.agent_id,
        coalesce(agent.agent_name, shift.agent_id) as agent_name,
        shift.status
    from marts.fct_attendance as shift
    inner join marts.dim_agent as agent on agent.agent_id = shift.agent_id
    where shift.service_code = :service_code
        and shift.roster_date = :roster_date
        and shift.shift_code = :shift_code
        and agent.team_code = :team_code
        and shift.agent_id <> :me
        and shift.status in ('present', 'late', 'pending', 'no_show')
    order by shift.status in ('present', 'late') desc, agent_name, shift.agent_id
    """
)

ITEMS = text(
    """
    select item_code, item_name, item_name_indonesian, severity, is_active
    from marts.rpt_rotg_item
    order by item_no nulls last, item_code
    """
)

ROUNDS = f"""
    select
        made.*,
        coalesce(team.team_name, made.team_code) as team_name,
        service.service_name,
        service.timezone,
        {is_theirs("made.service_code")} as is_mine,
        void.reason as void_reason,
        void.voided_at,
        void.round_id is not null as is_voided,
        (
            select count(*) from ops.rotg_finding as finding
            where finding.round_id = made.round_id
        ) as findings
    from ops.rotg_round as made
    inner join marts.dim_service as service on service.service_code = made.service_code
    left join marts.dim_team as team on team.team_code = made.team_code
    left join ops.rotg_void as void on void.round_id = made.round_id
    where made.service_code = any(:services)
"""

HISTORY = text(
    f"""
    {ROUNDS}
        and (cast(:before as bigint) is null or made.round_id < :before)
    order by made.round_id desc
    limit :most
    """
)

ONE_ROUND = text(f"{ROUNDS} and made.round_id = :round_id")

FINDINGS = text(
    """
    select
        finding.agent_id,
        coalesce(agent.agent_name, finding.agent_id) as agent_name,
        finding.item_code,
        finding.note
    from ops.rotg_finding as finding
    left join marts.dim_agent as agent on agent.agent_id = finding.agent_id
    where finding.round_id = :round_id
    order by agent_name, finding.agent_id, finding.item_code
    """
)


@dataclass(frozen=True)
class Listed:
    """The blocks of the page of all rounds, in reading order."""

    shifts: Rows
    rounds: Rows
    older: int | None
    """The number before which the next older page begins."""
    names: Mapping[str, str]


@dataclass(frozen=True)
class FormFacts:
    """What a round of one team and shift is chosen from."""

    shift: Row[Any]
    people: Rows
    items: Rows
    newest: int
    """The number of the last round that somebody recorded, 0 for none."""
    names: Mapping[str, str]


@dataclass(frozen=True)
class RoundPage:
    """The blocks of the page of one round, in reading order."""

    shift: Row[Any] | None
    """None where a later roster has no such shift for the team."""
    findings: Rows
    items: Mapping[str, Row[Any]]
    history: Sequence[RowMapping]
    names: Mapping[str, str]


def read_list(
    connection: Connection, visitor: Visitor, as_of: datetime | None, before: int | None
) -> Listed:
    shifts = _open_shifts(connection, LISTED, visitor, as_of) if before is None else []
    asked = {**_scope(visitor), "before": before, "most": PAGE_SIZE + 1}
    rounds = connection.execute(HISTORY, asked).all()
    shown = rounds[:PAGE_SIZE]
    return Listed(
        shifts,
        shown,
        shown[-1].round_id if len(rounds) > PAGE_SIZE else None,
        _checkers(connection, [*shifts, *shown]),
    )


def read_waiting(connection: Connection, visitor: Visitor, as_of: datetime) -> Rows:
    """The visitor's teams in the shifts under way that nobody has checked yet."""
    return _open_shifts(connection, WAITING, visitor, as_of, timedelta())


def read_form(connection: Connection, visitor: Visitor, of: TeamShift) -> FormFacts | None:
    """None where no such team is at work in such a shift at the visitor's services."""
    asked = {**_scope(visitor), **vars(of)}
    shift = connection.execute(ONE_SHIFT, asked).one_or_none()
    if shift is None:
        return None
    newest = newest_round(connection, of)
    items = [item for item in connection.execute(ITEMS).all() if item.is_active]
    people = connection.execute(ON_DUTY, asked).all()
    names = _checkers(connection, [shift])
    return FormFacts(shift, people, items, newest.round_id if newest else 0, names)


def find_round(connection: Connection, visitor: Visitor, round_id: int) -> Row[Any] | None:
    """None also for a round of a service whose rounds the visitor may not read."""
    asked = {**_scope(visitor), "round_id": round_id}
    return connection.execute(ONE_ROUND, asked).one_or_none()


def read_round_page(connection: Connection, visitor: Visitor, made: Row[Any]) -> RoundPage:
    """The page of a round that the visitor may see."""
    entries = audit.read(connection, SUBJECT, [made.round_id])
    return RoundPage(
        connection.execute(ONE_SHIFT, {**made._mapping, **_scope(visitor)}).one_or_none(),
        connection.execute(FINDINGS, {"round_id": made.round_id}).all(),
        {item.item_code: item for item in connection.execute(ITEMS)},
        entries,
        names_of(connection, {made.checked_by, *(entry["actor"] for entry in entries)}),
    )


def typed_shift(form: Mapping[str, Any]) -> TeamShift | None:
    """Which team and shift an address or a form is about; None for what is none."""
    told = {
        name: str(form.get(name) or "").replace("\x00", "") for name in ("service", "shift", "team")
    }
    try:
        day = date.fromisoformat(str(form.get("date") or ""))
    except ValueError:
        return None
    return TeamShift(told["service"], day, told["shift"], told["team"])


def typed_round(form: FormData, of: TeamShift) -> tuple[Round, int]:
    """What was typed into the form of a round, and the newest round that it knew of."""
    told = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    notes = {
        name.removeprefix(NOTE_OF): value.replace("\x00", "").strip()[:LONGEST_TEXT]
        for name, value in told
        if name.startswith(NOTE_OF)
    }
    made = Round(
        of,
        frozenset(value for name, value in told if name == "item"),
        frozenset(
            (name.removeprefix(FOUND), value) for name, value in told if name.startswith(FOUND)
        ),
        {"nothing": True, "something": False}.get(typed_text(form, "result") or ""),
        {agent_id: note for agent_id, note in notes.items() if note},
        typed_text(form, "note"),
    )
    return made, seen_revision(form)


def _checkers(connection: Connection, rows: Rows) -> dict[str, str]:
    return names_of(connection, {row.checked_by for row in rows if row.checked_by})


def _open_shifts(
    connection: Connection,
    statement: TextClause,
    visitor: Visitor,
    as_of: datetime | None,
    ended_for: timedelta = RECORDED_FOR,
) -> Rows:
    if as_of is None:
        return []
    asked = {
        **_scope(visitor),
        "as_of": as_of,
        "ended_after": as_of - ended_for,
        "first": (as_of - SHIFTS_AROUND).date(),
        "last": (as_of + SHIFTS_AROUND).date(),
        "most": MOST_SHOWN,
    }
    return connection.execute(statement, asked).all()


def _scope(visitor: Visitor) -> dict[str, Any]:
    return {
        "services": visitor.services(Right.CHECK_ROTG),
        "teams": visitor.teams_of_the_day(),
        "coordinated": visitor.coordinated_services(),
        "me": visitor.agent_id,
    }
