"""What is usual in a service, of its last fortnight: who works in which channel, how contacts are
shared among channels, how long they take, and how long customers wait before they give up.

One query for calls and one for conversations, by the index of service and interval; they read a
fortnight of one service, however much is stored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, Row, text

from rtm.recovery.analysis.contacts import CALL_HANDLING_S
from rtm.recovery.analysis.service import Breach, Span

FORTNIGHT = timedelta(days=14)
MANY = 30
"""So many contacts tell of a share by themselves."""
MIX_ERROR, MIX_ERROR_OF_A_DAY = 0.1, 0.25
"""Of how contacts are shared among channels at an hour: known of this hour, or of a whole day."""
CONCURRENCY_SHARE = 0.02
"""A limit that is reached by so many of the assignments is not a slip of the clock."""

WORK = text(
    f"""
    with

    contacts as (
        select
            'voice' as channel,
            call.source,
            call.external_agent_id,
            call.offered_at as came_at,
            call.outcome = 'abandoned' and call.queued_at is not null as gave_up,
            case
                when call.queued_at is null then 0
                else greatest(
                    extract(
                        epoch from coalesce(
                            case when call.outcome = 'answered' then call.answered_at end,
                            call.left_at,
                            :known_to
                        ) - call.queued_at
                    ),
                    0
                )
            end as wait_s,
            case
                when call.outcome = 'answered' and call.ended_at is not null
                    then {CALL_HANDLING_S}
            end as handling_s
        from intermediate.int_call as call
        where call.service_code = :service_code
            and call.interval_start >= :since
            and call.interval_start <= :known_to
            and call.offered_at <= :known_to
            and call.direction = 'inbound'
            and call.outcome not in ('closed', 'open')
        union all
        select
            came.channel,
            came.source,
            came.external_agent_id,
            came.received_at,
            false,
            0,
            case
                when came.first_response_at is not null
                    then extract(
                        epoch from
                        came.closed_at - least(came.assigned_at, came.first_response_at)
                    )
            end
        from intermediate.int_conversation as came
        where came.service_code = :service_code
            and came.interval_start >= :since
            and came.interval_start <= :known_to
            and came.received_at <= :known_to
    ),

    counted as (
        select
            contacts.channel,
            contacts.source,
            contacts.external_agent_id,
            count(*) filter (where contacts.came_at < :before) as came_before,
            count(*) filter (
                where contacts.came_at < :midnight
                    and abs(
                        extract(
                            epoch from (contacts.came_at at time zone :timezone)::time
                            - cast(:local_time as time)
                        )
                    ) < 5400
            ) as came_at_this_hour,
            count(*) filter (where contacts.gave_up) as gave_up,
            sum(contacts.wait_s)::double precision as wait_s,
            sum(contacts.handling_s)::double precision as handling_s,
            sum(contacts.handling_s) filter (where contacts.came_at < :before)::double precision
                as handling_before_s,
            count(contacts.handling_s) filter (where contacts.came_at < :before)
                as handled_before
        from contacts
        group by contacts.channel, contacts.source, contacts.external_agent_id
    )

    select
        counted.*,
        coalesce(named.agent_id, own.agent_id) as agent_id
    from counted
    left join intermediate.int_outside_id as named
        on named.external_id = counted.external_agent_id
        and named.source is not distinct from counted.source
    left join intermediate.int_outside_id as own
        on own.external_id = counted.external_agent_id
        and own.agent_id = counted.external_agent_id
        and own.source is null
    order by counted.channel, counted.source, counted.external_agent_id
    """
)

TEAMS = text(
    """
    select agent.agent_id, coalesce(agent.team_code, '') as team_code
    from intermediate.int_agent as agent
    where agent.service_code = :service_code and agent.role = 'agent'
    order by agent.agent_id
    """
)

IN_HAND = text(
    """
    select
        came.channel,
        came.external_agent_id,
        extract(
            epoch from least(came.assigned_at, came.first_response_at) - :from_at
        )::double precision as from_s,
        extract(epoch from coalesce(came.closed_at, :to_at) - :from_at)::double precision as to_s
    from intermediate.int_conversation as came
    where came.service_code = :service_code
        and came.interval_start > cast(:from_at as timestamptz) - interval '1 hour'
        and came.interval_start <= :to_at
        and came.external_agent_id is not null
        and least(came.assigned_at, came.first_response_at) <= :to_at
    order by came.channel, came.external_agent_id, from_s, to_s
    """
)


@dataclass(frozen=True)
class Usual:
    """What is usual of one channel in its service."""

    shares: Mapping[str, float]
    """Of each agent's work, the part in the channel."""
    contact_share: float | None
    """Of the service's contacts, the part of the channel, before the trouble; None without any."""
    handling_s: float | None
    """Agent time of one contact, before the trouble."""
    service_handling_s: float | None
    """The same over all channels."""
    mix_error: float
    """By so much the part of the channel may be wrong; nil where it is the only one."""
    gave_up: int
    waited_s: float
    """All waiting of the fortnight, by those served and those who gave up."""
    concurrency: int

    def drawn_patience_s(self, random: np.random.Generator) -> float:
        """The mean patience, as uncertain as the number of those who gave up leaves it."""
        return max(self.waited_s, 1.0) / random.gamma(self.gave_up + 0.5)

    @property
    def patience_s(self) -> float:
        """Mean time until a waiting customer gives up: censored maximum likelihood."""
        return max(self.waited_s, 1.0) / (self.gave_up + 0.5)


def read_usual(
    connection: Connection, breach: Breach, timezone: str, before: datetime, as_of: datetime
) -> Usual:
    """Shares of work and patience up to the clock; mix and handling times `before` a moment."""
    local = before.astimezone(ZoneInfo(timezone))
    rows = connection.execute(
        WORK,
        {
            "service_code": breach.service_code,
            "since": as_of - FORTNIGHT,
            "known_to": as_of,
            "before": before,
            "midnight": datetime.combine(local.date(), time(), local.tzinfo),
            "local_time": local.time(),
            "timezone": timezone,
        },
    ).all()
    at_once = _concurrency(connection, breach, as_of)
    handling = _handling_by_channel(rows, at_once)
    mix = _mix(rows)
    own = [row for row in rows if row.channel == breach.channel]
    return Usual(
        _shares(connection, breach, rows, at_once),
        mix.get(breach.channel) if mix else None,
        handling.get(breach.channel),
        _mean_handling(handling, mix),
        _mix_error(rows, mix),
        sum(row.gave_up for row in own),
        sum(row.wait_s or 0.0 for row in own),
        at_once[breach.channel],
    )


def _mix(rows: Sequence[Row[Any]]) -> dict[str, float]:
    """The part of each channel: at this hour of earlier days, if that is known, else of all."""
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.channel] += row.came_at_this_hour if _knows_the_hour(rows) else row.came_before
    total = sum(counts.values())
    return {channel: count / total for channel, count in counts.items() if count}


def _mix_error(rows: Sequence[Row[Any]], mix: Mapping[str, float]) -> float:
    if len(mix) == 1:
        return 0.0
    return MIX_ERROR if _knows_the_hour(rows) else MIX_ERROR_OF_A_DAY


def _knows_the_hour(rows: Sequence[Row[Any]]) -> bool:
    return int(sum(row.came_at_this_hour for row in rows)) >= MANY


def _handling_by_channel(rows: Sequence[Row[Any]], at_once: Mapping[str, int]) -> dict[str, float]:
    spent: dict[str, float] = defaultdict(float)
    handled: dict[str, int] = defaultdict(int)
    for row in rows:
        spent[row.channel] += row.handling_before_s or 0.0
        handled[row.channel] += row.handled_before
    return {
        channel: spent[channel] / count / at_once[channel]
        for channel, count in handled.items()
        if count
    }


def _mean_handling(handling: Mapping[str, float], mix: Mapping[str, float]) -> float | None:
    known = [channel for channel in mix if channel in handling]
    weight = sum(mix[channel] for channel in known)
    if not weight:
        return None
    return sum(mix[channel] * handling[channel] for channel in known) / weight


def _shares(
    connection: Connection, breach: Breach, rows: Sequence[Row[Any]], at_once: Mapping[str, int]
) -> dict[str, float]:
    """Of those who have served nobody lately, the mean of their team; else of the service."""
    work: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        if row.agent_id is not None and row.handling_s:
            work[row.agent_id][row.channel] += row.handling_s / at_once[row.channel]
    shares = {
        agent_id: by_channel[breach.channel] / sum(by_channel.values())
        for agent_id, by_channel in sorted(work.items())
    }
    teams = connection.execute(TEAMS, {"service_code": breach.service_code}).all()
    by_team: dict[str, list[float]] = defaultdict(list)
    for member in teams:
        if member.agent_id in shares:
            by_team[member.team_code].append(shares[member.agent_id])
    everybody = [share for members in by_team.values() for share in members]
    for member in teams:
        known = by_team.get(member.team_code) or everybody or [1.0]
        shares.setdefault(member.agent_id, sum(known) / len(known))
    return shares


def _concurrency(connection: Connection, breach: Breach, as_of: datetime) -> Mapping[str, int]:
    """How many contacts an agent takes at a time, by channel: as many as were often in hand."""
    span = Span(as_of - timedelta(days=1), as_of)
    rows = connection.execute(
        IN_HAND,
        {"service_code": breach.service_code, "from_at": span.from_at, "to_at": span.to_at},
    ).all()
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for (channel, _), held in groupby(rows, lambda row: (row.channel, row.external_agent_id)):
        in_hand: list[float] = []
        for row in held:
            in_hand = [end_s for end_s in in_hand if end_s > row.from_s]
            in_hand.append(row.to_s)
            counts[channel][len(in_hand)] += 1
    at_once: dict[str, int] = defaultdict(lambda: 1)
    for channel, by_number in counts.items():
        enough = max(CONCURRENCY_SHARE * by_number.total(), 1.0)
        reached = 0
        for number in sorted(by_number, reverse=True):
            reached += by_number[number]
            if reached >= enough:
                at_once[channel] = number
                break
    return at_once
