"""Breaches and recovery plans: what is open, what is due, what explains it, what came of it."""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards.age import age
from grafana.source.panels import (
    Bars,
    Column,
    Table,
    Tiles,
    Timeline,
    instants,
    numbers,
    said,
    texts,
)
from grafana.source.variables import DESK, SERVICE

COUNTS = """
select
    {series:'open'} as title,
    case
        when count(*) = 0 then 'met'
        when bool_or(severity = 'critical') then 'critical'
        else 'missed'
    end || '|' || count(*) as told
from marts.fct_breach
where cleared_at is null and scope = 'service' and service_code in ($service)
union all
select
    {series:'overdue'},
    case when count(*) = 0 then 'met' else 'missed' end || '|' || count(*)
from marts.rpt_plan_due
where is_overdue and service_code in ($service)
"""

OPEN = """
select
    service.service_name,
    breach.channel,
    breach.kpi,
    breach.severity,
    breach.started_at,
    breach.observed,
    breach.comparator,
    breach.target,
    breach.breach_id,
    plan.plan_id,
    plan.status as plan_status
from marts.fct_breach as breach
inner join marts.dim_service as service using (service_code)
left join marts.fct_recovery_plan as plan using (breach_id)
where breach.cleared_at is null and breach.scope = 'service'
    and breach.service_code in ($service)
order by breach.severity, breach.started_at, breach.breach_id
"""

TIMERS = """
select
    service.service_name,
    plan.plan_id,
    plan.kpi,
    plan.severity,
    plan.status as plan_status,
    plan.step,
    plan.waits_since as waits_since_at,
    plan.due_at,
    extract(epoch from plan.due_at - plan.as_of)::float8 as left_s,
    plan.is_overdue
from marts.rpt_plan_due as plan
inner join marts.dim_service as service using (service_code)
where plan.service_code in ($service)
order by plan.due_at nulls last, plan.plan_id
"""

DRIVERS = """
select
    driver.plan_id,
    service.service_name,
    driver.kpi,
    driver.cause,
    driver.gap,
    driver.share,
    driver.share_low,
    driver.share_high,
    driver.unit
from marts.rpt_plan_driver as driver
inner join marts.fct_breach as breach using (breach_id)
inner join marts.dim_service as service on service.service_code = driver.service_code
where driver.service_code in ($service) and $__timeFilter(detected_at)
order by driver.plan_id desc, driver.share desc nulls last
"""

COURSE = """
select
    greatest(breach.started_at, $__timeFrom()::timestamptz) as time,
    least(breach.cleared_at, breach.as_of, $__timeTo()::timestamptz) as time_end,
    service.service_name || ' · ' || {kpi:breach.kpi}
    || case when breach.channel in ('voice', 'roster') then '' else ' ' || breach.channel end
        as lane,
    breach.severity as state
from marts.fct_breach as breach
inner join marts.dim_service as service using (service_code)
where breach.scope = 'service' and breach.service_code in ($service)
    and breach.started_at < $__timeTo()::timestamptz
    and coalesce(breach.cleared_at, breach.as_of) > $__timeFrom()::timestamptz
order by lane desc, time
"""

EFFECT = """
select
    service.service_name,
    plan.plan_id,
    breach.kpi,
    plan.status as plan_status,
    plan.cause_category,
    plan.created_at,
    plan.done_at,
    plan.effect_known_at,
    plan.is_effective,
    plan.times_returned,
    plan.times_reopened
from marts.fct_recovery_plan as plan
inner join marts.fct_breach as breach using (breach_id)
inner join marts.dim_service as service using (service_code)
where $__timeFilter(created_at) and breach.service_code in ($service)
order by plan.created_at desc, plan.plan_id desc
"""

MATTERS = """
select {matter:matter} as label, count(*)::float8 as amount
from marts.fct_breach
where scope = 'agent' and $__timeFilter(started_at) and service_code in ($service)
group by matter
order by amount desc, label
"""

PLAN = Column("plan_id", "number", link="desk:/plans/${__data.fields.plan_id}")
BREACH = Column("breach_id", "number", link="desk:/breaches/${__data.fields.breach_id}")

BOARD = Board(
    "breaches",
    (
        age(),
        Tiles(id=2, name="counts", sql=COUNTS, width=8, height=4, states="count"),
        Bars(id=3, name="matters", sql=MATTERS, width=12, height=8),
        Table(
            id=4,
            name="open",
            sql=OPEN,
            width=24,
            height=9,
            columns=(
                Column("service_name", "text", link="board:contacts"),
                *texts("channel"),
                said("kpi", "kpi"),
                said("severity", "severity"),
                *instants("started_at"),
                *numbers("observed"),
                said("comparator", "comparator"),
                *numbers("target"),
                BREACH,
                PLAN,
                said("plan_status", "plan"),
            ),
        ),
        Table(
            id=5,
            name="timers",
            sql=TIMERS,
            width=12,
            height=9,
            columns=(
                *texts("service_name"),
                PLAN,
                said("kpi", "kpi"),
                said("severity", "severity"),
                said("plan_status", "plan"),
                said("step", "plan_step"),
                *instants("waits_since_at", "due_at"),
                *numbers("left_s"),
                said("is_overdue", "overdue", "truth"),
            ),
        ),
        Table(
            id=6,
            name="drivers",
            sql=DRIVERS,
            width=12,
            height=9,
            columns=(
                PLAN,
                *texts("service_name"),
                said("kpi", "kpi"),
                said("cause", "driver"),
                *numbers("gap", "share", "share_low", "share_high"),
                said("unit", "unit"),
            ),
        ),
        Timeline(id=7, name="course", sql=COURSE, width=24, height=9, states="severity"),
        Table(
            id=8,
            name="effect",
            sql=EFFECT,
            width=24,
            height=9,
            columns=(
                *texts("service_name"),
                PLAN,
                said("kpi", "kpi"),
                said("plan_status", "plan"),
                said("cause_category", "cause"),
                *instants("created_at", "done_at", "effect_known_at"),
                said("is_effective", "effective", "truth"),
                *numbers("times_returned", "times_reopened"),
            ),
        ),
    ),
    (SERVICE, DESK),
    range_from="now-30d",
)
