"""Inbound and non-voice, half hour by half hour: what came, how it was served, against target and
forecast."""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards.age import age
from grafana.source.panels import Column, Curves, HeatMap, Table, instants, numbers, said, texts
from grafana.source.variables import DESK, SERVICE

SERVICES = """
select
    service.service_name,
    kpi.channel,
    kpi.kpi,
    kpi.observed,
    kpi.observed_today,
    kpi.comparator,
    kpi.target,
    kpi.verdict,
    kpi.missed_since_at,
    kpi.numerator,
    kpi.denominator
from marts.rpt_kpi_today as kpi
inner join marts.dim_service as service using (service_code)
where kpi.service_code in ($service)
order by service.service_name, kpi.channel <> 'voice', kpi.channel, kpi.place
"""

LINE = "service.service_name || case told.channel when 'voice' then '' else ' ' || told.channel end"


def observed(kpi: str, column: str = "observed") -> str:
    """A KPI of every chosen service, or its target, by interval."""
    ending = "" if column == "observed" else f" || ' · ' || {{series:'{column}'}}"
    return f"""
select told.interval_start as time, {LINE}{ending} as metric, told.{column} as value
from marts.rpt_kpi_interval as told
inner join marts.dim_service as service using (service_code)
where $__timeFilter(interval_start) and told.kpi = '{kpi}' and told.service_code in ($service)
order by told.interval_start, metric
"""


def kpi_curves(number: int, kpi: str, unit: str) -> Curves:
    return Curves(
        id=number,
        name=kpi,
        sql=observed(kpi),
        target=observed(kpi, "target"),
        width=12,
        height=8,
        unit=unit,
    )


OFFERED = f"""
select told.interval_start as time, {LINE} as metric, told.offered::float8 as value
from marts.fct_scr_interval as told
inner join marts.dim_service as service using (service_code)
where $__timeFilter(interval_start) and told.service_code in ($service)
order by told.interval_start, metric
"""

RECEIVED = f"""
select told.interval_start as time, {LINE} as metric, told.received::float8 as value
from marts.fct_response_time_interval as told
inner join marts.dim_service as service using (service_code)
where $__timeFilter(interval_start) and told.service_code in ($service)
order by told.interval_start, metric
"""

FORECAST = """
select
    told.interval_start as time,
    service.service_name || ' · ' || {series:'forecast'} as metric,
    told.forecast_offered as value
from marts.fct_roster_evaluation as told
inner join marts.dim_service as service using (service_code)
where $__timeFilter(interval_start) and told.service_code in ($service)
    and told.forecast_offered is not null
order by told.interval_start, metric
"""

BY_HOUR = """
select
    local_date::timestamp at time zone 'UTC' as time,
    lpad(local_hour::text, 2, '0') as metric,
    sum(contacts)::float8 as value
from marts.rpt_kpi_interval
where $__timeFilter(interval_start) and kpi in ('scr', 'waiting_list')
    and service_code in ($service)
group by local_date, local_hour
order by local_date, local_hour
"""

BOARD = Board(
    "contacts",
    (
        age(),
        Table(
            id=2,
            name="services",
            sql=SERVICES,
            width=20,
            height=10,
            columns=(
                Column("service_name", "text", link="board:breaches"),
                *texts("channel"),
                said("kpi", "kpi"),
                *numbers("observed", "observed_today"),
                said("comparator", "comparator"),
                *numbers("target"),
                said("verdict", "verdict"),
                *instants("missed_since_at"),
                *numbers("numerator", "denominator"),
            ),
        ),
        Curves(id=3, name="offered", sql=OFFERED, target=FORECAST, width=12, height=8),
        Curves(id=4, name="received", sql=RECEIVED, width=12, height=8),
        kpi_curves(5, "scr", "percent"),
        kpi_curves(6, "abandon_rate", "percent"),
        kpi_curves(7, "service_level", "percent"),
        kpi_curves(8, "aht", "s"),
        kpi_curves(9, "response_time", "percent"),
        kpi_curves(10, "waiting_list", "none"),
        kpi_curves(11, "oldest_waiting", "s"),
        HeatMap(id=12, name="by_hour", sql=BY_HOUR, width=12, height=10, looks_back="14d"),
    ),
    (SERVICE, DESK),
    range_from="now-24h",
)
