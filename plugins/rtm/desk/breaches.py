"""Breaches of the visitor's services, and how far their recovery plans are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

Rows = Sequence[Row[Any]]

PAGE_SIZE = 25
MOST_OPEN = 50
"""More than these are on the page of breaches alone."""

COLUMNS = """
        breach.breach_id,
        breach.service_code,
        service.service_name,
        service.timezone,
        breach.channel,
        breach.kpi,
        breach.roster_date,
        breach.started_at,
        breach.detected_at,
        breach.cleared_at,
        breach.cleared_because,
        breach.comparator,
        breach.target,
        breach.observed,
        breach.numerator,
        breach.denominator,
        breach.at_risk,
        breach.severity,
        breach.severity_since,
        plan.plan_id,
        plan.status as plan_status
"""

OPEN = text(
    f"""
    select {COLUMNS}, count(*) over () as found
    from marts.fct_breach as breach
    inner join marts.dim_service as service on service.service_code = breach.service_code
    left join marts.fct_recovery_plan as plan on plan.breach_id = breach.breach_id
    where breach.service_code = any(:services)
        and breach.scope = 'service'
        and breach.cleared_at is null
    order by breach.severity, breach.started_at, breach.breach_id
    limit :most
    """
)

DUE = text(
    """
    select step, due_at, escalate_at
    from marts.rpt_plan_due
    where plan_id = :plan_id and due_at is not null
    """
)

WAITS_FOR_DATA = text(
    "select is_waiting_for_data from marts.rpt_effect_awaited where plan_id = :plan_id"
)

LISTED = text(
    f"""
    select {COLUMNS}, count(*) over () as found
    from marts.fct_breach as breach
    inner join marts.dim_service as service on service.service_code = breach.service_code
    left join marts.fct_recovery_plan as plan on plan.breach_id = breach.breach_id
    where breach.service_code = any(:services)
        and breach.scope = 'service'
        and (cast(:is_open as boolean) is null or (breach.cleared_at is null) = :is_open)
        and (
            cast(:plan as text) is null
            or plan.status = :plan
            or (:plan = 'open' and plan.plan_id is not null and plan.closed_at is null)
        )
        and (
            cast(:day as date) is null
            or (breach.detected_at at time zone service.timezone)::date = :day
        )
    order by breach.detected_at desc, breach.breach_id desc
    limit :size offset :skipped
    """
)

# Months in which plans were made, as the clock of their service had it
MONTHS = text(
    """
    select distinct date_trunc('month', plan.created_at at time zone service.timezone)::date
    from marts.fct_recovery_plan as plan
    inner join marts.fct_breach as breach on breach.breach_id = plan.breach_id
    inner join marts.dim_service as service on service.service_code = breach.service_code
    where breach.service_code = any(:services)
    order by 1 desc
    """
)

ONE = text(
    f"""
    select {COLUMNS}, drafted.facts
    from marts.fct_breach as breach
    inner join marts.dim_service as service on service.service_code = breach.service_code
    left join marts.fct_recovery_plan as plan on plan.breach_id = breach.breach_id
    left join ops.recovery_plan as drafted on drafted.breach_id = breach.breach_id
    where breach.breach_id = :breach_id and breach.scope = 'service'
    """
)


@dataclass(frozen=True)
class Wanted:
    """What the list of breaches is narrowed to; None and empty mean all."""

    service_code: str = ""
    is_open: bool | None = None
    plan: str = ""
    """A status, or `open` for all that are not closed."""
    day: date | None = None
    page: int = 1


def read_open(connection: Connection, services: list[str]) -> Rows:
    """Open breaches, critical ones first, then the oldest; each row says how many were `found`."""
    return connection.execute(OPEN, {"services": services, "most": MOST_OPEN}).all()


def read_due(connection: Connection, plan_id: int | None) -> Row[Any] | None:
    """When the next step of a plan is due, and when the coordinators are told that it was not
    taken; None where no step waits."""
    return connection.execute(DUE, {"plan_id": plan_id}).one_or_none()


def waits_for_data(connection: Connection, plan_id: int | None) -> bool:
    """Whether a plan would be judged by now, if the data of its horizon had come in."""
    return bool(connection.execute(WAITS_FOR_DATA, {"plan_id": plan_id}).scalar())


def read_list(connection: Connection, services: list[str], wanted: Wanted) -> Rows:
    """One page of the list, newest first; each row says how many were `found` in all."""
    if wanted.service_code:
        services = [code for code in services if code == wanted.service_code]
    return connection.execute(
        LISTED,
        {
            "services": services,
            "is_open": wanted.is_open,
            "plan": wanted.plan or None,
            "day": wanted.day,
            "size": PAGE_SIZE,
            "skipped": (wanted.page - 1) * PAGE_SIZE,
        },
    ).all()


def read_months(connection: Connection, services: list[str]) -> Sequence[date]:
    """The first days of the months that have plans of these services, the newest first."""
    return connection.execute(MONTHS, {"services": services}).scalars().all()


def read_one(connection: Connection, breach_id: int) -> Row[Any] | None:
    """A breach with its plan; whether the visitor may see it is for the caller to ask."""
    return connection.execute(ONE, {"breach_id": breach_id}).one_or_none()
