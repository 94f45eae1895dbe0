"""Drafts one recovery plan for each breach that has none, and tells the service's coordinators."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, text

from rtm.notify import Mail, queue_mails
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

KPI_NAMES = {"scr": "SCR", "response_time": "Response time"}
SECONDS = ("aht", "asa")

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

COORDINATORS = text(
    """
    select distinct coordinator.agent_id, coordinator.email
    from marts.dim_team as team
    inner join marts.dim_agent as coordinator on coordinator.agent_id = team.coordinator_id
    where team.service_code = :service_code
    """
)


def draft_plans(warehouse: Warehouse, settings: Settings, as_of: datetime) -> int:
    """Returns how many plans were drafted. A plan and its mails are written together."""
    with warehouse.transaction(Role.APP) as connection:
        breaches = connection.execute(BREACHES).all()
        for breach in breaches:
            facts = _facts(connection, breach)
            plan_id: int = connection.execute(
                text(
                    "insert into ops.recovery_plan (breach_id, facts, created_at)"
                    " values (:breach_id, :facts, :as_of) returning plan_id"
                ),
                {"breach_id": breach.breach_id, "facts": Jsonb(facts), "as_of": as_of},
            ).scalar_one()
            _tell_coordinators(connection, settings, breach, facts, plan_id, as_of)
    return len(breaches)


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


def _tell_coordinators(
    connection: Connection,
    settings: Settings,
    breach: Row[Any],
    facts: dict[str, Any],
    plan_id: int,
    as_of: datetime,
) -> None:
    people = connection.execute(COORDINATORS, {"service_code": breach.service_code}).all()
    addresses = {person.email for person in people if person.email} or set(settings.operators)
    unit = " s" if breach.kpi in SECONDS else " %"
    zone = ZoneInfo(breach.timezone)
    began, ended = (at.astimezone(zone) for at in (breach.started_at, breach.detected_at))
    told = {
        **facts,
        "plan_id": plan_id,
        "service_name": breach.service_name,
        "kpi_name": KPI_NAMES.get(breach.kpi, breach.kpi),
        "target_text": f"{breach.comparator} {facts['target']:.1f}{unit}",
        "observed_text": f"{facts['observed']:.1f}{unit}",
        "gap_text": f"{facts['gap']:+.1f}{unit}",
        "volume_text": f"{facts['numerator']:.0f} / {facts['denominator']:.0f}",
        "window_text": f"{began:%d/%m/%Y %H:%M} – {ended:%H:%M %Z}",
        "missing_text": f"{facts['agents_absent']} / {facts['agents_late']}",
    }
    thread = f"breach-{breach.breach_id}"
    queue_mails(
        connection,
        [
            Mail("breach", f"breach:{breach.breach_id}", address, told, thread)
            for address in sorted(addresses)
        ],
        settings.language,
        as_of,
    )
