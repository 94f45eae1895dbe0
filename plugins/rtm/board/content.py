"""What stands on the board, read from the warehouse in one transaction: one clock for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from rtm.warehouse import Role, Warehouse

Rows = Sequence[Row[Any]]


@dataclass(frozen=True)
class Board:
    """The rows of each section, in reading order."""

    as_of: datetime | None
    """The clock of the marts; None before their first build."""
    kpis: Rows
    people: Rows
    rosters: Rows
    breaches: Rows
    cleared_today: int
    mails: Rows
    feeds: Rows


KPIS = text(
    """
    select
        service.service_name,
        told.service_code,
        told.channel,
        told.kpi,
        told.comparator,
        told.target,
        told.observed,
        told.is_met,
        told.is_critical,
        told.is_feed_behind,
        told.observed_today as today
    from marts.rpt_kpi_today as told
    inner join marts.dim_service as service on service.service_code = told.service_code
    order by service.service_name, told.channel <> 'voice', told.channel
    """
)

PEOPLE = text(
    """
    with

    services as (
        select
            service_code,
            service_name,
            timezone,
            (cast(:as_of as timestamptz) at time zone timezone)::date as today
        from marts.dim_service
    ),

    attendance as (
        select
            attendance.service_code,
            attendance.agent_id,
            attendance.roster_date,
            attendance.shift_code,
            attendance.status as matter,
            null as aux_code,
            compliance.login_late_s as extent_s
        from marts.fct_attendance as attendance
        left join marts.fct_login_compliance as compliance
            using (agent_id, service_code, roster_date, shift_code)
        where attendance.status in ('no_show', 'absent', 'late')
    ),

    aux as (
        select
            service_code,
            agent_id,
            roster_date,
            shift_code,
            case when excess_s > 0 then 'over_aux' else 'over_occurrence' end,
            aux_code,
            case when excess_s > 0 then excess_s else longest_s end
        from marts.fct_aux_usage
        where excess_s > 0 or is_over_occurrence
    )

    select
        services.service_name,
        services.timezone,
        coalesce(agent.agent_name, matter.agent_id) as agent_name,
        matter.agent_id,
        matter.shift_code,
        matter.matter,
        matter.aux_code,
        matter.extent_s,
        planned.planned_start_at
    from (select * from attendance union all select * from aux) as matter
    left join marts.fct_attendance as planned
        on (planned.agent_id, planned.service_code, planned.roster_date, planned.shift_code)
        = (matter.agent_id, matter.service_code, matter.roster_date, matter.shift_code)
    -- Today, and the night that is not over
    inner join services
        on services.service_code = matter.service_code
        and (services.today = matter.roster_date or planned.planned_end_at > :as_of)
    left join lateral (
        select dim_agent.agent_name
        from marts.dim_agent
        where dim_agent.agent_id = matter.agent_id
        limit 1
    ) as agent on true
    order by
        array_position(
            array['no_show', 'absent', 'over_aux', 'over_occurrence', 'late'], matter.matter
        ),
        services.service_name,
        matter.extent_s desc nulls last,
        matter.agent_id
    """
)

ROSTERS = text(
    """
    with

    services as (
        select
            service_code,
            service_name,
            timezone,
            (cast(:as_of as timestamptz) at time zone timezone)::date + 1 as tomorrow
        from marts.dim_service
        where service_code in (select service_code from marts.dim_team)
    )

    select
        services.service_name,
        services.timezone,
        services.tomorrow,
        roster.file_name,
        roster.version,
        coalesce(roster.verdict, 'missing') as verdict,
        roster.errors,
        roster.distributed_at,
        roster.is_on_time
    from services
    left join marts.fct_roster_validity as roster
        on roster.service_code = services.service_code
        and services.tomorrow between roster.period_start and roster.period_end
    order by services.service_name, roster.received_at
    """
)

BREACHES = text(
    """
    select
        service.service_name,
        service.timezone,
        breach.breach_id,
        breach.channel,
        breach.kpi,
        breach.started_at,
        breach.observed,
        breach.comparator,
        breach.target,
        breach.severity,
        plan.plan_id,
        plan.status,
        facts.facts
    from marts.fct_breach as breach
    inner join marts.dim_service as service using (service_code)
    left join marts.fct_recovery_plan as plan using (breach_id)
    left join ops.recovery_plan as facts using (breach_id)
    where breach.cleared_at is null and breach.scope = 'service'
    order by breach.severity, breach.started_at, breach.breach_id
    """
)

CLEARED = text(
    """
    select count(*)
    from marts.fct_breach as breach
    inner join marts.dim_service as service using (service_code)
    where breach.scope = 'service'
        and breach.cleared_at
        >= date_trunc('day', cast(:as_of as timestamptz), service.timezone)
    """
)

# The newest of each kind: a day's rosters must not hide the breach that came before them.
MAILS = text(
    """
    select mail_id, created_at, sent_at, state, recipient, subject
    from (
        select
            *,
            row_number() over (partition by kind order by mail_id desc) as place
        from ops.outbox
    ) as mail
    where place <= 3
    order by mail_id desc
    """
)

FEEDS = text(
    """
    select feed, age_s, is_missed
    from marts.rpt_feed_freshness
    where comes_all_day
    order by age_s
    """
)


def read_board(warehouse: Warehouse) -> Board:
    """The board at the clock of the marts."""
    with warehouse.transaction(Role.APP) as connection:
        connection.execute(text("set transaction isolation level repeatable read read only"))
        as_of: datetime | None = connection.execute(
            text("select max(built_as_of) from ops.clock")
        ).scalar_one()
        clock = {"as_of": as_of}
        return Board(
            as_of,
            connection.execute(KPIS).all(),
            connection.execute(PEOPLE, clock).all(),
            connection.execute(ROSTERS, clock).all(),
            connection.execute(BREACHES).all(),
            connection.execute(CLEARED, clock).scalar_one(),
            connection.execute(MAILS).all(),
            connection.execute(FEEDS).all(),
        )
