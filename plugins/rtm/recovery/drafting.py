"""Drafts one recovery plan for each breach that has none, and has its mails written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, text

from rtm import audit
from rtm.positions import COORDINATES
from rtm.recipients import HERE
from rtm.recovery.analysis import explain_gap, find_way_back
from rtm.recovery.changing import SUBJECT, read_plan
from rtm.recovery.missing import read_missing
from rtm.recovery.telling import tell_of_breach
from rtm.settings import Settings

log = logging.getLogger(__name__)

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

# A mail that no coordinator could get when the plan was made is due as long as the breach is open,
# and so is one that was refused at an address which is no coordinator's any more.
UNTOLD = text(
    f"""
    {HERE},

    due as (
        select plan.plan_id, breach.breach_id, breach.service_code
        from ops.recovery_plan as plan
        inner join ops.breach as breach on breach.breach_id = plan.breach_id
        where plan.plan_id = any(:drafted) or breach.cleared_at is null
    ),

    coordinators as (
        select team.service_code, left(person.email, 320) as email
        from marts.dim_team as team
        inner join here as person on {COORDINATES}
    ),

    told as (
        select
            due.plan_id,
            'refused' in (mail.state, coalesce(digest.state, ''))
            and not exists (
                select from coordinators
                where coordinators.service_code = due.service_code
                    and coordinators.email = mail.recipient
            ) as is_lost
        from due
        inner join ops.outbox as mail on mail.thread = 'breach-' || due.breach_id
        left join ops.outbox as digest on digest.mail_id = mail.digest_id
        where mail.dedupe_key like 'breach:%'
    )

    select due.plan_id
    from due
    where not exists (select from told where told.plan_id = due.plan_id and not told.is_lost)
        or (
            exists (select from told where told.plan_id = due.plan_id and told.is_lost)
            and exists (
                select from coordinators
                where coordinators.service_code = due.service_code
                    and not exists (
                        select from ops.outbox as mail
                        where mail.dedupe_key
                            = 'breach:' || due.breach_id || ':' || coordinators.email
                    )
            )
        )
    order by due.plan_id
    """
)


def draft_plans(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Returns how many plans were drafted. A plan and its mails are written together."""
    breaches = connection.execute(BREACHES).all()
    # All that takes long comes before the first row of the audit, for which others wait.
    facts = [
        _facts(connection, breach) | _analysis(connection, settings, breach, as_of)
        for breach in breaches
    ]
    drafted = [
        _draft(connection, breach, of, as_of) for breach, of in zip(breaches, facts, strict=True)
    ]
    untold: list[int] = list(connection.execute(UNTOLD, {"drafted": drafted}).scalars())
    for plan_id in untold:
        tell_of_breach(connection, settings, read_plan(connection, plan_id), as_of)
    return len(drafted)


def _draft(connection: Connection, breach: Row[Any], facts: dict[str, Any], as_of: datetime) -> int:
    plan_id: int = connection.execute(
        text(
            "insert into ops.recovery_plan (breach_id, facts, created_at, status_since)"
            " values (:breach_id, :facts, :as_of, :as_of) returning plan_id"
        ),
        {"breach_id": breach.breach_id, "facts": Jsonb(facts), "as_of": as_of},
    ).scalar_one()
    audit.record(
        connection,
        *(as_of, audit.PIPELINE, SUBJECT, plan_id, "draft", [breach.service_code]),
        {"breach_id": breach.breach_id},
    )
    return plan_id


def _facts(connection: Connection, breach: Row[Any]) -> dict[str, Any]:
    """The numbers at detection, as the plan keeps them."""
    missing = read_missing(connection, breach.service_code, breach.started_at, breach.detected_at)
    late = {person.agent_id for person in missing if person.matter == "late"}
    absent = {person.agent_id for person in missing if person.matter != "late"}
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
        "at_risk": breach.at_risk,
        "severity": breach.severity,
        "agents_absent": len(absent),
        "agents_late": len(late),
        "absent_agents": sorted(absent),
    }


def _analysis(
    connection: Connection, settings: Settings, breach: Row[Any], as_of: datetime
) -> dict[str, Any]:
    """What explains the gap and the way back; a missing roster has neither. That an analysis fails
    is no reason for a plan not to be there: the plan says so, and the log why."""
    if breach.roster_date is not None:
        return {}
    analyses: dict[str, Callable[[], dict[str, Any]]] = {
        "explanation": lambda: explain_gap(connection, breach, as_of).told(),
        "way_back": lambda: find_way_back(connection, breach, as_of, settings.roster_limits).told(),
    }
    told: dict[str, Any] = {}
    for name, analyse in analyses.items():
        try:
            with connection.begin_nested():
                told[name] = analyse()
        except Exception:
            log.exception("the %s of breach %s could not be made", name, breach.breach_id)
            told[name] = {"is_explained": False, "is_reachable": None, "reason": "failed"}
    return told
