"""The boards: which panels they have, and the statement on marts behind each."""

from __future__ import annotations

from grafana.source.panels import Board, Panel

KPI_NOW = """
select
    service.service_name,
    kpi.channel,
    kpi.kpi,
    kpi.observed,
    kpi.comparator || ' ' || round(kpi.target::numeric, 1) as target,
    kpi.numerator,
    kpi.denominator,
    case
        when kpi.is_feed_behind then 'behind'
        when kpi.observed is null then 'none'
        when kpi.is_met then 'met'
        when kpi.comparator = '>=' and kpi.observed < kpi.critical then 'critical'
        when kpi.comparator = '<=' and kpi.observed > kpi.critical then 'critical'
        else 'missed'
    end as verdict,
    kpi.as_of
from marts.rpt_kpi_now as kpi
inner join marts.dim_service as service using (service_code)
order by kpi.is_met nulls last, service.service_name, kpi.channel, kpi.kpi
"""

SCR = """
select interval_start as time, service_code as metric, scr_pct as value
from marts.fct_scr_interval
where $__timeFilter(interval_start)
order by 1, 2
"""

RESPONSE_TIME = """
select interval_start as time, service_code || ' ' || channel as metric, response_time_pct as value
from marts.fct_response_time_interval
where $__timeFilter(interval_start)
order by 1, 2
"""

BREACHES = """
select
    service.service_name,
    breach.channel,
    breach.kpi,
    breach.started_at,
    breach.observed,
    breach.comparator || ' ' || round(breach.target::numeric, 1) as target,
    case when breach.severity = 'critical' then 'critical' else 'missed' end as verdict,
    plan.plan_id,
    plan.status as plan_status,
    breach.as_of
from marts.fct_breach as breach
inner join marts.dim_service as service using (service_code)
left join marts.fct_recovery_plan as plan using (breach_id)
where breach.cleared_at is null and breach.scope = 'service'
order by breach.severity, breach.started_at
"""

PEOPLE = """
select
    service.service_name,
    attendance.agent_id,
    attendance.shift_code,
    attendance.planned_start_at,
    attendance.status,
    compliance.login_late_s,
    attendance.as_of
from marts.fct_attendance as attendance
inner join marts.dim_service as service using (service_code)
left join marts.fct_login_compliance as compliance
    using (agent_id, service_code, roster_date, shift_code)
where attendance.status in ('no_show', 'absent', 'late')
    and attendance.planned_start_at <= attendance.as_of
    and attendance.planned_end_at > attendance.as_of
order by attendance.status desc, service.service_name, compliance.login_late_s desc
"""

ROSTERS = """
select
    service_code,
    period_start,
    period_end,
    version,
    received_at,
    verdict as roster_verdict,
    errors,
    distributed_at,
    is_on_time,
    as_of
from marts.fct_roster_validity
where period_end >= as_of::date
order by period_start, service_code, version
"""

FRESHNESS = """
select feed, latest_event_at, latest_arrival_at, age_s, is_stale, as_of
from marts.rpt_feed_freshness
order by is_stale desc, age_s
"""

BOARDS = (
    Board(
        "papan_rtm",
        (
            Panel(
                *("kpi_now", "table", 24, 10, KPI_NOW),
                columns=(
                    *("service_name", "channel", "kpi", "observed", "target", "numerator"),
                    *("denominator", "verdict", "as_of"),
                ),
            ),
            Panel("scr", "timeseries", 12, 8, SCR, unit="percent"),
            Panel("response_time", "timeseries", 12, 8, RESPONSE_TIME, unit="percent"),
            Panel(
                *("breaches", "table", 12, 8, BREACHES),
                columns=(
                    *("service_name", "channel", "kpi", "started_at", "observed", "target"),
                    *("verdict", "plan_id", "plan_status", "as_of"),
                ),
            ),
            Panel(
                *("people", "table", 12, 8, PEOPLE),
                columns=(
                    *("service_name", "agent_id", "shift_code", "planned_start_at", "status"),
                    *("login_late_s", "as_of"),
                ),
            ),
            Panel(
                *("rosters", "table", 12, 8, ROSTERS),
                columns=(
                    *("service_code", "period_start", "period_end", "version", "received_at"),
                    *("roster_verdict", "errors", "distributed_at", "is_on_time", "as_of"),
                ),
            ),
            Panel(
                *("freshness", "table", 12, 8, FRESHNESS),
                columns=(
                    *("feed", "latest_event_at", "latest_arrival_at", "age_s", "is_stale"),
                    "as_of",
                ),
            ),
        ),
    ),
)
