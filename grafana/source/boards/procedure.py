"""The procedure's own indicators by month (SOP 7.1 to 7.5), for quality and the audit."""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards.age import age
from grafana.source.panels import Curves, Table, numbers, said, texts
from grafana.source.variables import DESK, SERVICE

INDICATORS = """
select
    service.service_name,
    to_char(kpi.month, 'YYYY-MM') as month,
    kpi.sop_code,
    kpi.aspect,
    kpi.indicator,
    kpi.value as value_pct,
    kpi.numerator,
    kpi.denominator,
    kpi.p50_s,
    kpi.p90_s,
    kpi.sla_s,
    kpi.lowest_day_pct,
    kpi.formula,
    kpi.is_provisional
from marts.rpt_procedure_kpi as kpi
inner join marts.dim_service as service using (service_code)
where $__timeFilter(month) and kpi.service_code in ($service)
order by kpi.month desc, kpi.sop_code, kpi.indicator, service.service_name
"""


def by_month(aspect: str) -> str:
    return f"""
select
    kpi.month::timestamp at time zone 'UTC' as time,
    kpi.sop_code || ' ' || {{indicator:kpi.indicator}} || ' · ' || service.service_name as metric,
    kpi.value
from marts.rpt_procedure_kpi as kpi
inner join marts.dim_service as service using (service_code)
where $__timeFilter(month) and kpi.aspect = '{aspect}' and kpi.service_code in ($service)
order by kpi.month, metric
"""


def curves(number: int, aspect: str) -> Curves:
    return Curves(id=number, name=aspect, sql=by_month(aspect), width=8, height=10, unit="percent")


BOARD = Board(
    "procedure",
    (
        age(),
        Table(
            id=2,
            name="indicators",
            sql=INDICATORS,
            width=20,
            height=14,
            columns=(
                *texts("service_name", "month", "sop_code"),
                said("aspect", "aspect"),
                said("indicator", "indicator"),
                *numbers("value_pct", "numerator", "denominator", "p50_s", "p90_s", "sla_s"),
                *numbers("lowest_day_pct"),
                *texts("formula"),
                said("is_provisional", "provisional", "truth"),
            ),
        ),
        curves(3, "speed"),
        curves(4, "accuracy"),
        curves(5, "consistency"),
    ),
    (SERVICE, DESK),
    range_from="now-1y/M",
    refresh="15m",
)
