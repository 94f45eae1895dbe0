"""Rosters at H-1, for WFM: is there a valid, distributed roster for each date, and does it cover
what is required."""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards.age import age
from grafana.source.panels import Column, HeatMap, History, Table, instants, numbers, said, texts
from grafana.source.variables import DESK, SERVICE

STATUS = """
select
    date.roster_date::timestamp at time zone 'UTC' as time,
    service.service_name as lane,
    date.status as state
from marts.rpt_roster_date as date
inner join marts.dim_service as service using (service_code)
where date.service_code in ($service)
order by lane desc, time
"""

DATES = """
select
    service.service_name,
    date.roster_date::text as roster_date,
    date.status as roster_status,
    date.lacks,
    date.latest_verdict,
    date.latest_errors,
    date.version,
    date.due_at,
    date.distributed_at,
    date.active_agents
from marts.rpt_roster_date as date
inner join marts.dim_service as service using (service_code)
where date.service_code in ($service)
order by date.status = 'missing' desc, date.roster_date desc, service.service_name
"""

VERSIONS = """
select
    service.service_name,
    roster.period_start::text as period_start,
    roster.period_end::text as period_end,
    roster.version,
    roster.verdict as roster_verdict,
    roster.errors,
    roster.warnings,
    roster.received_at,
    roster.distributed_at,
    roster.is_on_time
from marts.fct_roster_validity as roster
inner join marts.dim_service as service using (service_code)
where $__timeFilter(received_at) and roster.service_code in ($service)
order by roster.received_at desc, service.service_name
"""

COVERAGE = """
select
    evaluation.interval_start as time,
    service.service_name as metric,
    evaluation.coverage_pct as value
from marts.fct_roster_evaluation as evaluation
inner join marts.dim_service as service using (service_code)
where $__timeFilter(interval_start) and evaluation.service_code in ($service)
    and evaluation.required > 0
order by evaluation.interval_start, metric
"""

GAPS = """
select
    service.service_name,
    evaluation.interval_start as interval_start_at,
    evaluation.required,
    evaluation.rostered,
    evaluation.required - evaluation.rostered as lacking,
    evaluation.coverage_pct
from marts.fct_roster_evaluation as evaluation
inner join marts.dim_service as service using (service_code)
where $__timeFilter(interval_start) and evaluation.service_code in ($service)
    and evaluation.rostered < evaluation.required
order by lacking desc, evaluation.interval_start
limit 200
"""

BOARD = Board(
    "rosters",
    (
        age(),
        History(id=2, name="status", sql=STATUS, width=20, height=8, states="roster"),
        Table(
            id=3,
            name="dates",
            sql=DATES,
            width=24,
            height=10,
            columns=(
                Column("service_name", "text", link="desk:/rosters"),
                *texts("roster_date"),
                said("roster_status", "roster"),
                said("lacks", "roster_lacks"),
                said("latest_verdict", "roster_verdict"),
                *numbers("latest_errors", "version"),
                *instants("due_at", "distributed_at"),
                *numbers("active_agents"),
            ),
        ),
        HeatMap(
            id=4,
            name="coverage",
            sql=COVERAGE,
            width=12,
            height=10,
            unit="percent",
            is_worse_when_low=True,
        ),
        Table(
            id=5,
            name="gaps",
            sql=GAPS,
            width=12,
            height=10,
            columns=(
                *texts("service_name"),
                *instants("interval_start_at"),
                *numbers("required", "rostered", "lacking", "coverage_pct"),
            ),
        ),
        Table(
            id=6,
            name="versions",
            sql=VERSIONS,
            width=24,
            height=9,
            looks_back="31d",
            columns=(
                *texts("service_name", "period_start", "period_end"),
                *numbers("version"),
                said("roster_verdict", "roster_verdict"),
                *numbers("errors", "warnings"),
                *instants("received_at", "distributed_at"),
                said("is_on_time", "compliant", "truth"),
            ),
        ),
    ),
    (SERVICE, DESK),
    range_from="now-1d/d",
    range_to="now+7d/d",
)
