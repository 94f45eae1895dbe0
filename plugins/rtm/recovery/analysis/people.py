"""Who could be asked to help a channel now, best first.

A break, a prayer or the toilet within the allowance is somebody's right: nobody is called back from
it. Of people off today it is known that their rest allows a shift, not whether they are willing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.recovery.analysis.service import Breach, Rules
from rtm.roster_limits import RosterLimits

URGENT_CATEGORIES = ("supervision", "emergency", "incident", "escalation")
"""Work that does not wait for a queue."""
NIGHT_BEGINS, NIGHT_ENDS = time(23), time(7)
LEAST_HELP_MIN = 30.0
MOST_CANDIDATES = 30
LEAST_SHARE = 0.1
"""Who does less than this of the channel's work is not asked to do it."""


class Why(StrEnum):
    """From where somebody could come. The codes are stored in plans: none is renamed."""

    AUX_OVER_ALLOWANCE = "aux_over_allowance"
    AUX_THAT_CAN_WAIT = "aux_that_can_wait"
    IN_TRAINING = "in_training"
    OFF_TODAY = "off_today"


@dataclass(frozen=True)
class Candidate:
    """Somebody who could be asked, and for how long they could help."""

    agent_id: str
    agent_name: str
    why: str
    aux_code: str | None
    since_at: datetime | None
    """Of AUX or training; null of those who are off."""
    for_min: float | None
    """So long by now; beyond the allowance, the minutes beyond it."""
    helps_from_at: datetime
    helps_min: float
    channel_share: float
    """Of their usual work, the part in the channel."""


IN_AUX = text(
    """
    select
        agent.agent_id,
        agent.agent_name,
        state.aux_code,
        state.starts_at as since_at,
        shift.planned_end_at as until_at,
        coalesce(aux_code.is_productive, false)
        and coalesce(lower(aux_code.category), '') <> all(:urgent) as can_wait,
        (
            coalesce(aux.aux_s, 0) - coalesce(aux_code.allowance_s, 0)
        )::double precision as over_s
    from intermediate.int_agent as agent
    cross join lateral (
        select latest.*
        from intermediate.int_agent_state as latest
        where latest.agent_id = agent.agent_id and latest.starts_at <= :as_of
        order by latest.starts_at desc
        limit 1
    ) as state
    cross join lateral (
        select owner.*
        from intermediate.int_shift as owner
        where owner.agent_id = agent.agent_id and owner.window_start_at <= :as_of
        order by owner.window_start_at desc
        limit 1
    ) as shift
    left join intermediate.int_shift_aux as aux
        on aux.agent_id = shift.agent_id
        and aux.service_code = shift.service_code
        and aux.roster_date = shift.roster_date
        and aux.shift_code = shift.shift_code
        and aux.aux_code = state.aux_code
    left join staging.stg_canonical__aux_code as aux_code on aux_code.aux_code = state.aux_code
    where agent.service_code = :service_code
        and agent.role = 'agent'
        and state.state = 'aux'
        and state.ends_at > :as_of
        and shift.planned_end_at > :as_of
    order by agent.agent_id
    """
)

IN_TRAINING = text(
    """
    with

    -- By service and date first: an agent has many shifts
    trainings as materialized (
        select shift.*
        from intermediate.int_shift as shift
        where shift.service_code = :service_code
            and shift.roster_date between cast(:local_date as date) - 1 and :local_date
            and shift.kind = 'training'
    )

    select
        agent.agent_id,
        agent.agent_name,
        training.planned_start_at as since_at,
        training.planned_end_at as until_at
    from trainings as training
    inner join intermediate.int_agent as agent on agent.agent_id = training.agent_id
    where agent.role = 'agent'
        and case
            when training.planned_start_at < training.planned_end_at
                then training.planned_start_at <= :as_of and training.planned_end_at > :as_of
            else training.roster_date = :local_date
        end
    order by agent.agent_id
    """
)

# Rest counts to the shifts before and after, whichever service they are for.
OFF_TODAY = text(
    """
    select
        agent.agent_id,
        agent.agent_name,
        coalesce(agent.night_shift_allowed, true) as night_shift_allowed,
        before.planned_end_at as worked_until_at,
        later.planned_start_at as works_from_at
    from ops.roster_day as day
    inner join staging.stg_canonical__roster as roster
        on roster.file_id = day.file_id
        and roster.service_code = day.service_code
        and roster.roster_date = day.roster_date
    inner join staging.stg_canonical__shift as shift on shift.shift_code = roster.shift_code
    inner join staging.stg_canonical__agent as agent on agent.agent_id = roster.agent_id
    left join lateral (
        select max(worked.planned_end_at) as planned_end_at
        from intermediate.int_shift as worked
        where worked.agent_id = roster.agent_id
            and worked.window_start_at > cast(:as_of as timestamptz) - interval '3 days'
            and worked.window_start_at <= :as_of
    ) as before on true
    left join lateral (
        select min(planned.planned_start_at) as planned_start_at
        from intermediate.int_shift as planned
        where planned.agent_id = roster.agent_id
            and planned.window_start_at > :as_of
            and planned.window_start_at < cast(:as_of as timestamptz) + interval '3 days'
    ) as later on true
    where day.service_code = :service_code
        and day.roster_date = :local_date
        and shift.kind = 'off'
        and agent.role = 'agent'
        and :local_date between agent.active_from and coalesce(agent.active_to, 'infinity')
        and not exists (
            select from intermediate.int_agent_state as state
            where state.agent_id = roster.agent_id
                and state.starts_at > cast(:as_of as timestamptz) - interval '1 day'
                and state.starts_at <= :as_of
                and state.ends_at > :as_of
        )
    order by agent.agent_id
    """
)


def find_candidates(
    connection: Connection,
    breach: Breach,
    rules: Rules,
    as_of: datetime,
    shares: Mapping[str, float],
    limits: RosterLimits,
) -> tuple[Candidate, ...]:
    """People of the service who serve the channel, best first; not more than anybody would ask."""
    asked = {
        "service_code": breach.service_code,
        "as_of": as_of,
        "local_date": rules.local_date(as_of),
        "urgent": list(URGENT_CATEGORIES),
    }
    tomorrow = datetime.combine(rules.local_date(as_of) + timedelta(days=1), time(), rules.zone)
    found = [
        *_in_aux(connection.execute(IN_AUX, asked).all(), as_of, shares),
        *_in_training(connection.execute(IN_TRAINING, asked).all(), as_of, tomorrow, shares),
        *_off(connection.execute(OFF_TODAY, asked).all(), rules, as_of, tomorrow, shares, limits),
    ]
    places = list(Why)
    useful = [
        candidate
        for candidate in found
        if candidate.helps_min >= LEAST_HELP_MIN and candidate.channel_share >= LEAST_SHARE
    ]
    useful.sort(
        key=lambda candidate: (
            places.index(Why(candidate.why)),
            candidate.helps_from_at,
            -(candidate.for_min or 0.0),
            -candidate.channel_share,
            -candidate.helps_min,
            candidate.agent_id,
        )
    )
    return tuple(useful[:MOST_CANDIDATES])


def _in_aux(
    rows: Sequence[Row[Any]], as_of: datetime, shares: Mapping[str, float]
) -> Iterator[Candidate]:
    for row in rows:
        if row.over_s <= 0 and not row.can_wait:
            continue
        is_over = row.over_s > 0
        yield Candidate(
            agent_id=row.agent_id,
            agent_name=row.agent_name,
            why=(Why.AUX_OVER_ALLOWANCE if is_over else Why.AUX_THAT_CAN_WAIT).value,
            aux_code=row.aux_code,
            since_at=row.since_at,
            for_min=row.over_s / 60 if is_over else _minutes(row.since_at, as_of),
            helps_from_at=as_of,
            helps_min=_minutes(as_of, row.until_at),
            channel_share=shares.get(row.agent_id, 0.0),
        )


def _in_training(
    rows: Sequence[Row[Any]], as_of: datetime, tomorrow: datetime, shares: Mapping[str, float]
) -> Iterator[Candidate]:
    for row in rows:
        yield Candidate(
            agent_id=row.agent_id,
            agent_name=row.agent_name,
            why=Why.IN_TRAINING.value,
            aux_code=None,
            since_at=row.since_at,
            for_min=_minutes(row.since_at, as_of) if row.since_at else None,
            helps_from_at=as_of,
            helps_min=_minutes(as_of, row.until_at or tomorrow),
            channel_share=shares.get(row.agent_id, 0.0),
        )


def _off(
    rows: Sequence[Row[Any]],
    rules: Rules,
    as_of: datetime,
    tomorrow: datetime,
    shares: Mapping[str, float],
    limits: RosterLimits,
) -> Iterator[Candidate]:
    """Those whose rest before and after leaves time for work, at night only who may."""
    rest = timedelta(hours=limits.rest_h)
    today = rules.local_date(as_of)
    for row in rows:
        from_at, until_at = as_of, tomorrow
        if row.worked_until_at is not None:
            from_at = max(from_at, row.worked_until_at + rest)
        if row.works_from_at is not None:
            until_at = min(until_at, row.works_from_at - rest)
        if not row.night_shift_allowed:
            from_at = max(from_at, datetime.combine(today, NIGHT_ENDS, rules.zone))
            until_at = min(until_at, datetime.combine(today, NIGHT_BEGINS, rules.zone))
        yield Candidate(
            agent_id=row.agent_id,
            agent_name=row.agent_name,
            why=Why.OFF_TODAY.value,
            aux_code=None,
            since_at=None,
            for_min=None,
            helps_from_at=from_at,
            helps_min=min(_minutes(from_at, until_at), limits.five_day_h * 60.0),
            channel_share=shares.get(row.agent_id, 0.0),
        )


def _minutes(from_at: datetime, to_at: datetime) -> float:
    return (to_at - from_at).total_seconds() / 60
