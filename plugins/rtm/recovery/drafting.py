"""Drafts one recovery plan for each breach that has none, and has its mails written."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, text

from rtm.notify import Mail, queue_mails
from rtm.recipients import coordinators
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

KPI_NAMES = {
    "scr": "SCR",
    "abandon_rate": "Abandon rate",
    "service_level": "Service level",
    "aht": "AHT",
    "asa": "ASA",
    "response_time": "Response time",
    "waiting_list": "Waiting list",
}
UNITS = {"aht": " s", "asa": " s", "waiting_list": ""}
"""All others are percentages."""

BREACHES = text(
    """
    select
        breach.*,
        service.service_name,
        service.timezone,
        coalesce(target.formula, breach.kpi || '/1') as formula
    from ops.breach as breach
    inner join marts.dim_service as service on service.service_code = breach.service_code
    left join marts.rpt_kpi_now as target
        on (target.service_code, target.channel, target.kpi)
        = (breach.service_code, breach.channel, breach.kpi)
    where not exists (
        select from ops.recovery_plan as plan where plan.breach_id = breach.breach_id
    )
    order by breach.breach_id
    """
)

PEOPLE_MISSING = text(
    """
    select
        count(*) filter (where status in ('absent', 'no_show')) as absent,
        count(*) filter (where status = 'late') as late,
        coalesce(
            array_agg(agent_id order by agent_id) filter (where status in ('absent', 'no_show')),
            '{}'
        ) as absent_agents
    from marts.fct_attendance
    where service_code = :service_code
        and planned_start_at <= :at and planned_end_at > :from
    """
)

# A mail that nobody could get when the plan was made is due as long as the breach is open.
UNTOLD = text(
    """
    select
        plan.plan_id,
        plan.facts,
        breach.breach_id,
        breach.roster_date,
        breach.started_at,
        breach.detected_at,
        service.service_code,
        service.service_name,
        service.timezone
    from ops.recovery_plan as plan
    inner join ops.breach as breach on breach.breach_id = plan.breach_id
    inner join marts.dim_service as service on service.service_code = breach.service_code
    where (plan.plan_id = any(:drafted) or breach.cleared_at is null)
        and not exists (
            select from ops.outbox as mail
            where mail.kind in ('breach', 'roster_breach')
                and mail.thread = 'breach-' || breach.breach_id
        )
    order by plan.plan_id
    """
)


def draft_plans(warehouse: Warehouse, settings: Settings, as_of: datetime) -> int:
    """Returns how many plans were drafted. A plan and its mails are written together."""
    with warehouse.transaction(Role.APP) as connection:
        breaches = connection.execute(BREACHES).all()
        drafted = [_draft(connection, breach, as_of) for breach in breaches]
        for plan in connection.execute(UNTOLD, {"drafted": drafted}).all():
            _tell(connection, settings, plan, as_of)
    return len(drafted)


def _draft(connection: Connection, breach: Row[Any], as_of: datetime) -> int:
    plan_id: int = connection.execute(
        text(
            "insert into ops.recovery_plan (breach_id, facts, created_at)"
            " values (:breach_id, :facts, :as_of) returning plan_id"
        ),
        {
            "breach_id": breach.breach_id,
            "facts": Jsonb(_facts(connection, breach)),
            "as_of": as_of,
        },
    ).scalar_one()
    return plan_id


def _facts(connection: Connection, breach: Row[Any]) -> dict[str, Any]:
    """The numbers at detection, as the plan keeps them."""
    missing = connection.execute(
        PEOPLE_MISSING,
        {
            "service_code": breach.service_code,
            "from": breach.started_at,
            "at": breach.detected_at,
        },
    ).one()
    return {
        "service_code": breach.service_code,
        "channel": breach.channel,
        "kpi": breach.kpi,
        "formula": breach.formula,
        "window_start_at": breach.started_at.isoformat(),
        "window_end_at": breach.detected_at.isoformat(),
        "comparator": breach.comparator,
        "target": float(breach.target),
        "observed": float(breach.observed),
        "gap": float(breach.observed - breach.target),
        "numerator": float(breach.numerator),
        "denominator": float(breach.denominator),
        "severity": breach.severity,
        "agents_absent": missing.absent,
        "agents_late": missing.late,
        "absent_agents": list(missing.absent_agents),
    }


def _tell(connection: Connection, settings: Settings, plan: Row[Any], as_of: datetime) -> None:
    """Queues the mails of a plan; where nobody can get one, detection has raised an incident."""
    if plan.roster_date is not None:
        _tell_of_roster(connection, settings, plan, as_of)
        return
    facts = plan.facts
    unit = UNITS.get(facts["kpi"], " %")
    zone = ZoneInfo(plan.timezone)
    began, ended = (at.astimezone(zone) for at in (plan.started_at, plan.detected_at))
    told = {
        **facts,
        "plan_id": plan.plan_id,
        "service_name": plan.service_name,
        "kpi_name": KPI_NAMES.get(facts["kpi"], facts["kpi"]),
        "target_text": f"{facts['comparator']} {facts['target']:.1f}{unit}",
        "observed_text": f"{facts['observed']:.1f}{unit}",
        "gap_text": f"{facts['gap']:+.1f}{unit}",
        "volume_text": f"{facts['numerator']:.0f} / {facts['denominator']:.0f}",
        "window_text": f"{began:%d/%m/%Y %H:%M} – {ended:%H:%M %Z}",
        "missing_text": f"{facts['agents_absent']} / {facts['agents_late']}",
    }
    thread = f"breach-{plan.breach_id}"
    mails = [
        Mail("breach", f"breach:{plan.breach_id}", address, told, thread)
        for address in coordinators(connection, settings, plan.service_code)
    ]
    queue_mails(connection, mails, settings.language, as_of)


def _tell_of_roster(
    connection: Connection, settings: Settings, plan: Row[Any], as_of: datetime
) -> None:
    told = {
        "plan_id": plan.plan_id,
        "service_name": plan.service_name,
        "roster_date": f"{plan.roster_date:%d/%m/%Y}",
        "due_text": f"{plan.started_at.astimezone(ZoneInfo(plan.timezone)):%d/%m/%Y %H:%M %Z}",
    }
    thread = f"breach-{plan.breach_id}"
    mails = [
        Mail("roster_breach", f"breach:{plan.breach_id}", address, told, thread)
        for address in coordinators(connection, settings, plan.service_code)
    ]
    queue_mails(connection, mails, settings.language, as_of)
