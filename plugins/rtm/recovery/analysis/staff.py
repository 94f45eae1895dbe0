"""Who of a service was rostered, logged in and serving, minute by minute, in one query.

Each person counts for a channel by the share of the work that they usually do there, for rosters
name no channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import Connection, text

from rtm.recovery.analysis.queue import MINUTE_S, Numbers
from rtm.recovery.analysis.service import Breach, Rules, Span

KINDS = ("rostered", "missing", "excess", "logged_in", "serving")

# A session that nobody ended goes on as ready after the shift: from the planned end on only
# contacts show that somebody is there.
STRETCHES = text(
    """
    with

    shifts as materialized (
        select
            shift.agent_id,
            shift.service_code,
            shift.roster_date,
            shift.shift_code,
            shift.planned_end_at,
            shift.window_start_at,
            shift.window_end_at,
            coalesce(exception.excepted, '{}'::tstzmultirange) as excepted,
            tstzmultirange(
                tstzrange(
                    least(greatest(shift.planned_start_at, :from_at), :to_at),
                    greatest(least(shift.planned_end_at, :to_at), :from_at)
                )
            ) - coalesce(exception.excepted, '{}'::tstzmultirange) as rostered
        from intermediate.int_shift as shift
        left join intermediate.int_exception as exception on exception.agent_id = shift.agent_id
        where shift.service_code = :service_code
            and shift.roster_date between :first_date and :last_date
            and shift.kind = 'work'
            and shift.function <> 'rtfm'
            and shift.window_start_at < :to_at
            and shift.window_end_at > :from_at
    ),

    people as (
        select shifts.agent_id from shifts
        union
        select agent.agent_id
        from intermediate.int_agent as agent
        where agent.service_code = :service_code and agent.role = 'agent'
    ),

    states as materialized (
        select
            people.agent_id,
            state.state,
            tstzrange(
                greatest(state.starts_at, :from_at), least(state.ends_at, :to_at)
            ) as stretch
        from people
        cross join lateral (
            select coalesce(max(earlier.starts_at), :from_at) as starts_at
            from intermediate.int_agent_state as earlier
            where earlier.agent_id = people.agent_id and earlier.starts_at <= :from_at
        ) as first_state
        cross join lateral (
            select reaching.*
            from intermediate.int_agent_state as reaching
            where reaching.agent_id = people.agent_id
                and reaching.starts_at >= first_state.starts_at
                and reaching.starts_at < :to_at
                and reaching.ends_at > :from_at
            offset 0
        ) as state
    ),

    planned as (
        select
            shifts.agent_id,
            range_agg(shifts.rostered) as rostered,
            range_agg(tstzrange(shifts.planned_end_at, shifts.window_end_at)) as after_shift
        from shifts
        group by shifts.agent_id
    ),

    present as (
        select
            states.agent_id,
            range_agg(states.stretch) as logged_in,
            range_agg(states.stretch) filter (where states.state = 'ready') as ready,
            range_agg(states.stretch) filter (where states.state in ('busy', 'acw')) as busy
        from states
        group by states.agent_id
    ),

    people_now as (
        select
            people.agent_id,
            coalesce(planned.rostered, '{}'::tstzmultirange) as rostered,
            coalesce(planned.after_shift, '{}'::tstzmultirange) as after_shift,
            coalesce(present.logged_in, '{}'::tstzmultirange) as logged_in,
            coalesce(present.ready, '{}'::tstzmultirange) as ready,
            coalesce(present.busy, '{}'::tstzmultirange) as busy
        from people
        left join planned on planned.agent_id = people.agent_id
        left join present on present.agent_id = people.agent_id
    ),

    -- Only the few whose allowance is used up
    overdrawn as (
        select
            shifts.*,
            aux.aux_code,
            coalesce(aux_code.allowance_s, 0)::double precision as allowance_s
        from shifts
        inner join intermediate.int_shift_aux as aux
            on aux.agent_id = shifts.agent_id
            and aux.service_code = shifts.service_code
            and aux.roster_date = shifts.roster_date
            and aux.shift_code = shifts.shift_code
        left join staging.stg_canonical__aux_code as aux_code on aux_code.aux_code = aux.aux_code
        where aux.aux_s > coalesce(aux_code.allowance_s, 0)
    ),

    spent as (
        select
            overdrawn.agent_id,
            overdrawn.shift_code,
            overdrawn.aux_code,
            overdrawn.rostered,
            overdrawn.allowance_s,
            (
                select
                    range_agg(
                        tstzrange(
                            greatest(state.starts_at, overdrawn.window_start_at),
                            least(state.ends_at, :to_at)
                        )
                    )
                from intermediate.int_agent_state as state
                where state.agent_id = overdrawn.agent_id
                    and state.starts_at >= overdrawn.window_start_at - interval '12 hours'
                    and state.starts_at < :to_at
                    and state.ends_at > overdrawn.window_start_at
                    and state.state = 'aux'
                    and state.aux_code = overdrawn.aux_code
            ) - overdrawn.excepted as stretches
        from overdrawn
    ),

    cumulated as (
        select
            spent.agent_id,
            spent.rostered,
            piece.stretch,
            -- What was left of the allowance as the stretch began
            spent.allowance_s
            + extract(epoch from upper(piece.stretch) - lower(piece.stretch))
            - sum(extract(epoch from upper(piece.stretch) - lower(piece.stretch))) over (
                partition by spent.agent_id, spent.shift_code, spent.aux_code
                order by piece.stretch
            ) as allowed_s
        from spent
        cross join unnest(spent.stretches) as piece (stretch)
    ),

    excess as (
        select
            cumulated.agent_id,
            range_agg(
                tstzrange(
                    least(
                        lower(cumulated.stretch)
                        + greatest(cumulated.allowed_s, 0) * interval '1 second',
                        upper(cumulated.stretch)
                    ),
                    upper(cumulated.stretch)
                )
            ) * range_agg(cumulated.rostered) as excess
        from cumulated
        group by cumulated.agent_id
    ),

    told as (
        select people_now.agent_id, kind.kind, kind.stretches
        from people_now
        left join excess on excess.agent_id = people_now.agent_id
        cross join lateral (
            values
            ('rostered', people_now.rostered),
            ('missing', people_now.rostered - people_now.logged_in),
            ('excess', excess.excess),
            ('logged_in', people_now.rostered * people_now.logged_in),
            (
                'serving',
                people_now.busy
                + (people_now.ready - (people_now.after_shift - people_now.rostered))
            )
        ) as kind (kind, stretches)
    )

    select
        told.agent_id,
        told.kind,
        extract(epoch from lower(piece.stretch) - :from_at)::double precision as from_s,
        extract(epoch from upper(piece.stretch) - :from_at)::double precision as to_s
    from told
    cross join unnest(told.stretches) as piece (stretch)
    order by told.agent_id, told.kind, piece.stretch
    """
)


@dataclass(frozen=True)
class Staff:
    """Agents of one channel by minute, each by the share that they work there."""

    rostered: Numbers
    """Less approved exceptions."""
    missing: Numbers
    """Rostered and not logged in."""
    excess: Numbers
    """In AUX beyond the allowance."""
    logged_in: Numbers
    """Of the rostered."""
    serving: Numbers
    """Ready or with a contact, whether rostered or not."""
    channel_share: float
    """Of the service's rostered agents, the part that is this channel's."""

    @property
    def serving_share(self) -> float | None:
        """Of the logged-in time, what is there for customers but for AUX beyond the allowance."""
        logged_in = float(self.logged_in.sum())
        if logged_in <= 0:
            return None
        return min(float((self.serving + self.excess).sum()) / logged_in, 1.0)


def read_staff(
    connection: Connection, breach: Breach, rules: Rules, span: Span, shares: Mapping[str, float]
) -> Staff:
    """`shares`: of every agent's work, the part in the channel; who is not named has none of it."""
    rows = connection.execute(
        STRETCHES,
        {
            "service_code": breach.service_code,
            "from_at": span.from_at,
            "to_at": span.to_at,
            "first_date": rules.local_date(span.from_at) - timedelta(days=1),
            "last_date": rules.local_date(span.to_at) + timedelta(days=1),
        },
    ).all()
    minutes = {kind: np.zeros(span.minutes) for kind in KINDS}
    all_rostered_s = 0.0
    for row in rows:
        share = shares.get(row.agent_id, 0.0)
        _spread(minutes[row.kind], row.from_s, row.to_s, share)
        all_rostered_s += row.to_s - row.from_s if row.kind == "rostered" else 0.0
    rostered_s = float(minutes["rostered"].sum()) * MINUTE_S
    channel_share = rostered_s / all_rostered_s if all_rostered_s else 1.0
    return Staff(**minutes, channel_share=channel_share)


def _spread(minutes: Numbers, from_s: float, to_s: float, share: float) -> None:
    """Adds a stretch of one person to the minutes that it touches."""
    if share <= 0 or to_s <= from_s:
        return
    first = max(int(from_s // MINUTE_S), 0)
    last = min(-int(-to_s // MINUTE_S), len(minutes))
    starts = np.arange(first, last) * MINUTE_S
    overlap = np.minimum(starts + MINUTE_S, to_s) - np.maximum(starts, from_s)
    minutes[first:last] += share * np.maximum(overlap, 0.0) / MINUTE_S
