"""Proposes the next step of the ladder where what an agent did not keep to reaches a rule.

One open proposal for an agent and service: what comes while it waits becomes evidence of it. Where
corrected data take so much of the evidence away that no rule holds any more, it is withdrawn.
Nothing is issued here. A cycle looks at the matters of the longest rule's days alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from rtm import audit
from rtm.coaching.deciding import SUBJECT, Change, change_coaching
from rtm.coaching.lifecycle import Action
from rtm.warehouse import Role, Warehouse

# Before the first row of the audit: whoever decides takes the two in the same order.
LOCK = text("select from ops.coaching where status = 'proposed' order by coaching_id for update")

LONGEST = text("select coalesce(max(within_days), 0) from marts.rpt_coaching_rule where is_active")

# What stands, with each rule that counts it. Who is missing while the shift runs may yet come, and
# is late then.
COUNTED = """
    select
        matter.breach_id,
        matter.agent_id,
        matter.service_code,
        matter.roster_date,
        rule.matter as rule,
        rule.occurrences,
        rule.within_days,
        rule.first_step
    from ops.agent_breach as matter
    inner join marts.rpt_coaching_rule as rule
        on rule.service_code = matter.service_code
        and rule.matter in (matter.matter, lower(matter.matter || ':' || matter.subject))
        and rule.is_active
    inner join marts.dim_service as service on service.service_code = matter.service_code
    where (
            matter.cleared_because = 'over'
            or (matter.cleared_at is null and matter.matter <> 'no_show')
        )
"""

UNUSED = f"""
    {COUNTED}
        and matter.roster_date > :since
        and matter.roster_date
        > (cast(:as_of as timestamptz) at time zone service.timezone)::date
        - rule.within_days::integer
        and not exists (
            select from ops.coaching_evidence as evidence
            where evidence.breach_id = matter.breach_id and evidence.released_at is null
        )
"""

# The place on the ladder above all that is in force, and not below where the rule begins; the last
# one where there is none.
PROPOSE = text(
    f"""
    with

    unused as (
        {UNUSED}
    ),

    reached as (
        select agent_id, service_code, rule, min(first_step) as first_step
        from unused
        group by agent_id, service_code, rule, occurrences
        having count(*) >= occurrences
    ),

    wanted as (
        select
            reached.agent_id,
            reached.service_code,
            greatest(
                max(first.step_no),
                (
                    select max(held.step_no) + 1
                    from ops.coaching as held
                    where held.agent_id = reached.agent_id
                        and held.service_code = reached.service_code
                        and held.lapses_at > :as_of
                ),
                1
            ) as step_no
        from reached
        left join marts.rpt_coaching_step as first
            on first.service_code = reached.service_code
            and first.step_code = reached.first_step
        where not exists (
            select from ops.coaching as waiting
            where waiting.agent_id = reached.agent_id
                and waiting.service_code = reached.service_code
                and waiting.status = 'proposed'
        )
        group by reached.agent_id, reached.service_code
    )

    insert into ops.coaching
        (service_code, agent_id, status_since, proposed_step, proposed_step_no, proposed_at)
    select wanted.service_code, wanted.agent_id, :as_of, step.step_code, step.step_no, :as_of
    from wanted
    cross join lateral (
        select ladder.step_code, ladder.step_no
        from marts.rpt_coaching_step as ladder
        where ladder.service_code = wanted.service_code and ladder.is_active
        order by
            case when ladder.step_no >= wanted.step_no then ladder.step_no end nulls last,
            ladder.step_no desc,
            ladder.step_code
        limit 1
    ) as step
    order by wanted.service_code, wanted.agent_id
    returning coaching_id, proposed_step, service_code
    """
)

ATTACH = text(
    f"""
    insert into ops.coaching_evidence (coaching_id, breach_id, attached_at)
    select distinct coaching.coaching_id, unused.breach_id, cast(:as_of as timestamptz)
    from ({UNUSED}) as unused
    inner join ops.coaching as coaching
        on coaching.agent_id = unused.agent_id
        and coaching.service_code = unused.service_code
        and coaching.status = 'proposed'
    order by coaching.coaching_id, unused.breach_id
    """
)

# Of what is left, so many within so many days of each other still reach a rule.
UNFOUNDED = text(
    f"""
    with

    corrected as (
        select
            coaching.coaching_id,
            coaching.revision,
            string_agg(
                concat_ws(
                    ' ',
                    matter.matter,
                    nullif(matter.subject, ''),
                    matter.roster_date,
                    nullif(matter.shift_code, '')
                )
                || ': ' || matter.cleared_because,
                '; ' order by matter.roster_date, matter.breach_id
            ) as told
        from ops.coaching as coaching
        inner join ops.coaching_evidence as evidence
            on evidence.coaching_id = coaching.coaching_id
        inner join ops.agent_breach as matter on matter.breach_id = evidence.breach_id
        where coaching.status = 'proposed' and matter.cleared_because <> 'over'
        group by coaching.coaching_id, coaching.revision
    ),

    counted as (
        select left_over.*, evidence.coaching_id
        from corrected
        inner join ops.coaching_evidence as evidence
            on evidence.coaching_id = corrected.coaching_id
        cross join lateral (
            {COUNTED}
                and matter.breach_id = evidence.breach_id
        ) as left_over
    ),

    spans as (
        select
            coaching_id,
            within_days,
            roster_date
            - lag(roster_date, occurrences::integer - 1) over (
                partition by coaching_id, rule order by roster_date, breach_id
            ) as span_days
        from counted
    )

    select corrected.coaching_id, corrected.revision, corrected.told
    from corrected
    where not exists (
        select from spans
        where spans.coaching_id = corrected.coaching_id and spans.span_days < spans.within_days
    )
    order by corrected.coaching_id
    """
)


@dataclass(frozen=True)
class Followed:
    """What one cycle did with coaching."""

    proposed: int
    withdrawn: int


def follow_coaching(warehouse: Warehouse, as_of: datetime) -> Followed:
    """Withdraws what corrected data take away, proposes what rules ask for, and attaches what came
    while a proposal waits."""
    with warehouse.transaction(Role.APP) as connection:
        connection.execute(LOCK)
        withdrawn = _withdraw(connection, as_of)
        proposed = _propose(connection, as_of)
        return Followed(proposed, withdrawn)


def _withdraw(connection: Connection, as_of: datetime) -> int:
    unfounded = connection.execute(UNFOUNDED).all()
    for row in unfounded:
        change = Change(Action.WITHDRAW, audit.PIPELINE, as_of, row.revision, note=row.told)
        change_coaching(connection, row.coaching_id, change)
    return len(unfounded)


def _propose(connection: Connection, as_of: datetime) -> int:
    longest: int = connection.execute(LONGEST).scalar_one()
    # Wide enough for every zone, and a value: the planner sees how few days they are.
    since = as_of.astimezone(UTC).date() - timedelta(days=longest + 1)
    asked = {"as_of": as_of, "since": since}
    proposed = connection.execute(PROPOSE, asked).all()
    connection.execute(ATTACH, asked)
    for row in sorted(proposed):
        audit.record(
            connection,
            *(as_of, audit.PIPELINE, SUBJECT, row.coaching_id, "propose", [row.service_code]),
            {"step": row.proposed_step},
        )
    return len(proposed)
