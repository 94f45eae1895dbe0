"""The contacts of a stretch of time, as they came and as far as they are known: one query each.

Read by the index of service and interval. What lies after the clock has not happened.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from rtm.recovery.analysis.queue import Flags, Numbers
from rtm.recovery.analysis.service import Breach, Rules, Span

CALL_HANDLING_S = """greatest(
                    coalesce(
                        call.talk_s,
                        extract(epoch from call.ended_at - call.answered_at)
                        - greatest(coalesce(call.hold_s, 0), 0)
                    ),
                    0
                ) + greatest(coalesce(call.hold_s, 0), 0) + greatest(coalesce(call.acw_s, 0), 0)"""
"""Of a row `call` of int_call: talk, hold and after-call work; talk that is not told is what lies
between answer and end."""

CALLS = text(
    f"""
    select
        extract(epoch from call.offered_at - :from_at)::double precision as arrives_s,
        extract(epoch from call.offered_at - :from_at)::double precision as clock_s,
        case
            when call.outcome = 'abandoned' and call.queued_at is null then 'left_in_menu'
            when call.outcome = 'answered' and coalesce(call.answered_at <= :as_of, true)
                then 'served'
            when call.outcome in ('answered', 'open') or coalesce(call.left_at > :as_of, false)
                then 'waiting'
            when call.outcome = 'timed_out' and call.queued_at is null then 'blocked'
            else call.outcome
        end as fate,
        extract(
            epoch from greatest(
                least(
                    case when call.outcome = 'answered' then call.answered_at else call.left_at end,
                    :as_of
                ),
                call.offered_at
            ) - call.offered_at
        )::double precision as wait_s,
        case
            when call.outcome = 'answered' and call.ended_at <= :as_of
                then {CALL_HANDLING_S}
        end::double precision as handling_s,
        0.0::double precision as reply_s,
        extract(epoch from call.arrived_at - :from_at)::double precision as line_from_s,
        extract(
            epoch from coalesce(call.ended_at, call.left_at, :as_of) - :from_at
        )::double precision as line_to_s
    from intermediate.int_call as call
    where call.service_code = :service_code
        and call.interval_start > cast(:from_at as timestamptz) - interval '1 hour'
        and call.interval_start <= :to_at
        and call.offered_at >= :from_at
        and call.offered_at < :to_at
        and call.direction = 'inbound'
        and call.outcome <> 'closed'
    order by call.offered_at, call.call_id, call.feed
    """
)

# Those that wait as the stretch begins stand in the queue before all others.
CONVERSATIONS = text(
    """
    with

    conversations as (
        select came.*
        from intermediate.int_conversation as came
        where came.service_code = :service_code
            and came.channel = :channel
            and came.interval_start > cast(:from_at as timestamptz) - interval '1 hour'
            and came.interval_start <= :to_at
            and came.received_at >= :from_at
            and came.received_at < :to_at
        union all
        select waited.*
        from intermediate.int_conversation as waited
        where waited.service_code = :service_code
            and waited.channel = :channel
            and waited.waiting @> cast(:from_at as timestamptz)
            and waited.received_at < :from_at
    ),

    begun as (
        select
            conversations.*,
            least(conversations.assigned_at, conversations.first_response_at) as begun_at
        from conversations
    )

    select
        extract(epoch from begun.received_at - :from_at)::double precision as arrives_s,
        extract(epoch from begun.received_at - :from_at)::double precision as clock_s,
        case
            when begun.begun_at <= :as_of then 'served'
            when begun.closed_at <= :as_of then 'abandoned'
            else 'waiting'
        end as fate,
        extract(
            epoch from greatest(
                least(coalesce(begun.begun_at, begun.closed_at), :as_of), begun.received_at
            ) - begun.received_at
        )::double precision as wait_s,
        case
            when begun.begun_at <= :as_of and begun.closed_at <= :as_of
                then greatest(extract(epoch from begun.closed_at - begun.begun_at), 0)
        end::double precision as handling_s,
        case
            when begun.first_response_at <= :as_of
                then greatest(extract(epoch from begun.first_response_at - begun.begun_at), 0)
        end::double precision as reply_s,
        0.0::double precision as line_from_s,
        0.0::double precision as line_to_s
    from begun
    order by begun.received_at, begun.conversation_id, begun.feed
    """
)

OPENINGS = text(
    """
    select
        extract(
            epoch from (days.day + hours.opens) at time zone :timezone - :from_at
        )::double precision as opens_s,
        extract(
            epoch from (
                days.day + hours.closes
                + case when hours.closes <= hours.opens then interval '1 day'
                    else interval '0' end
            ) at time zone :timezone - :from_at
        )::double precision as closes_s
    from generate_series(
        cast(:first_date as timestamp), cast(:last_date as timestamp), interval '1 day'
    ) as days (day)
    inner join intermediate.int_service_hours as hours
        on hours.service_code = :service_code
        and hours.iso_weekday = extract(isodow from days.day)
    where not exists (
        select from staging.stg_canonical__holiday as holiday
        where holiday.holiday_date = days.day::date
            and coalesce(holiday.service_code, :service_code) = :service_code
    )
    order by opens_s
    """
)


@dataclass(frozen=True)
class Contacts:
    """Columns of contacts in order of arrival; times in seconds from the start of the stretch."""

    arrives_s: Numbers
    clock_s: Numbers
    """From when the wait counts: a conversation received at night waits from the opening on."""
    fate: NDArray[np.str_]
    """served, abandoned, timed_out, waiting, blocked, self_served, left_in_menu."""
    wait_s: Numbers
    handling_s: Numbers
    """nan while it goes on, and of those not served."""
    reply_s: Numbers
    """From the start of the service to the first reply."""
    line_from_s: Numbers
    line_to_s: Numbers

    def __len__(self) -> int:
        return len(self.arrives_s)

    def has_fate(self, *fates: str) -> Flags:
        return np.isin(self.fate, fates)

    def only(self, kept: Flags) -> Contacts:
        return Contacts(*(getattr(self, field.name)[kept] for field in fields(self)))


def read_contacts(
    connection: Connection, breach: Breach, rules: Rules, span: Span, as_of: datetime
) -> Contacts:
    """All contacts of the channel that came in the span, or waited as it began."""
    rows = connection.execute(
        CALLS if breach.is_voice else CONVERSATIONS,
        {
            "service_code": breach.service_code,
            "channel": breach.channel,
            "from_at": span.from_at,
            "to_at": span.to_at,
            "as_of": as_of,
        },
    ).all()
    contacts = Contacts(**{name: _column(rows, name) for name in _NAMES})
    if breach.is_voice or not rules.has_opening_hours:
        return contacts
    return replace(
        contacts, clock_s=_on_service_clock(connection, breach, rules, span, contacts.clock_s)
    )


_NAMES = tuple(field.name for field in fields(Contacts))


def _column(rows: Any, name: str) -> Any:
    kind = np.str_ if name == "fate" else np.float64
    return np.array([getattr(row, name) for row in rows], dtype=kind)


def _on_service_clock(
    connection: Connection, breach: Breach, rules: Rules, span: Span, moments_s: Numbers
) -> Numbers:
    """Each moment, or when the service opens next."""
    periods = connection.execute(
        OPENINGS,
        {
            "service_code": breach.service_code,
            "timezone": str(rules.zone),
            "from_at": span.from_at,
            "first_date": rules.local_date(span.from_at).isoformat(),
            "last_date": rules.local_date(span.to_at).isoformat(),
        },
    ).all()
    if not periods:
        return moments_s
    closes_s = np.array([period.closes_s for period in periods])
    opens_s = np.array([period.opens_s for period in periods])
    place = np.searchsorted(closes_s, moments_s, side="right")
    is_known = place < len(periods)
    opened_s = opens_s[np.minimum(place, len(periods) - 1)]
    return np.where(is_known, np.maximum(moments_s, opened_s), moments_s)
