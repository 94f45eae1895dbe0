"""Judges delivered rosters in the order of delivery, publishes the valid ones, answers the sender.

A roster that failed changes nothing. It is judged again when the reference data that it failed on
has changed, and then takes its own place in the order of delivery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.notify import Mail, queue_mails
from rtm.roster.gate import CheckBrokenError, Finding, judge
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

SHOWN_IN_MAIL = 50

PENDING = text(
    """
    with reference as (
        select concat_ws(
            '/',
            (select max(_load_id) from raw.service),
            (select max(_load_id) from raw.team),
            (select max(_load_id) from raw.agent),
            (select max(_load_id) from raw.shift),
            (select max(released_at) from ops.quarantine where feed = 'roster')
        ) as judged_on
    )
    select ledger.file_id, ledger.file_name, ledger.arrived_at, reference.judged_on
    from ops.file_ledger as ledger
    cross join reference
    left join ops.roster_version as version on version.file_id = ledger.file_id
    where ledger.feed = 'roster'
        and ledger.outcome = 'loaded'
        and (
            version.version_id is null
            or (version.verdict <> 'valid' and version.judged_on <> reference.judged_on)
        )
        -- A roster of a service that nobody has described yet waits for it
        and not exists (
            select from ops.quarantine as quarantine
            where quarantine.file_id = ledger.file_id
                and quarantine.waits_for is not null and quarantine.released_at is null
        )
    order by ledger.arrived_at, ledger.file_name
    """
)

RECORD = text(
    """
    insert into ops.roster_version
        (file_id, service_code, period_start, period_end, version, received_at, judged_at,
         judged_on, verdict, errors, warnings)
    select
        :file_id,
        min(roster.service_code),
        min(roster.roster_date),
        max(roster.roster_date),
        1 + (
            select count(*) from ops.roster_version as earlier
            where earlier.service_code = min(roster.service_code)
        ),
        :received_at, :as_of, :judged_on, :verdict, :errors, :warnings
    from staging.stg_canonical__roster as roster
    where roster.file_id = :file_id
    on conflict (file_id) do update set
        service_code = excluded.service_code,
        period_start = excluded.period_start,
        period_end = excluded.period_end,
        judged_at = excluded.judged_at,
        judged_on = excluded.judged_on,
        verdict = excluded.verdict,
        errors = excluded.errors,
        warnings = excluded.warnings
    returning *
    """
)

PUBLISH = text(
    """
    with published as (
        select nextval(pg_get_serial_sequence('ops.file_ledger', 'file_id')) as load_id
    ),
    -- On every date of the period, the valid version that was delivered last holds
    holding as (
        select distinct on (day.roster_date)
            version.service_code,
            day.roster_date::date as roster_date,
            version.version_id,
            version.file_id
        from generate_series(
            cast(:period_start as date), cast(:period_end as date), interval '1 day'
        ) as day (roster_date)
        inner join ops.roster_version as version
            on version.service_code = :service_code
            and version.verdict = 'valid'
            and day.roster_date between version.period_start and version.period_end
        inner join ops.file_ledger as ledger on ledger.file_id = version.file_id
        order by day.roster_date, ledger.arrived_at desc, ledger.file_name desc
    )
    insert into ops.roster_day as known
        (service_code, roster_date, version_id, file_id, load_id)
    select holding.*, published.load_id
    from holding
    cross join published
    on conflict (service_code, roster_date) do update set
        version_id = excluded.version_id,
        file_id = excluded.file_id,
        load_id = excluded.load_id
    where known.version_id <> excluded.version_id
    """
)

SENDERS = text(
    """
    select distinct person.email
    from marts.dim_team as team
    inner join marts.dim_agent as person
        on person.agent_id = team.team_leader_id
        or (person.role = 'wfm' and person.team_code = team.team_code)
    where team.service_code = :service_code and person.email is not null
    order by person.email
    """
)


@dataclass(frozen=True)
class Verdict:
    """What the gate said of one delivered roster."""

    file_name: str
    service_code: str | None
    verdict: str
    findings: Sequence[Finding]

    @property
    def is_valid(self) -> bool:
        return self.verdict == "valid"


def judge_pending(warehouse: Warehouse, settings: Settings, as_of: datetime) -> list[Verdict]:
    """Judges every roster that waits for a verdict; each is one transaction."""
    with warehouse.exclusive("rosters"):
        with warehouse.transaction(Role.APP) as connection:
            pending = connection.execute(PENDING).all()
        return [_judge_one(warehouse, settings, delivery, as_of) for delivery in pending]


def _judge_one(
    warehouse: Warehouse, settings: Settings, delivery: Row[Any], as_of: datetime
) -> Verdict:
    try:
        findings = judge(warehouse, delivery.file_id, settings.language)
        errors = sum(finding.severity == "error" for finding in findings)
        verdict = "invalid" if errors else "valid"
    except CheckBrokenError as error:
        findings = [Finding("check_broken", "error", None, None, None, str(error))]
        errors, verdict = 0, "check_broken"
    with warehouse.exclusive("landing"), warehouse.transaction(Role.APP) as connection:
        version = connection.execute(
            RECORD,
            {
                "file_id": delivery.file_id,
                "received_at": delivery.arrived_at,
                "as_of": as_of,
                "judged_on": delivery.judged_on,
                "verdict": verdict,
                "errors": errors,
                "warnings": len(findings) - errors,
            },
        ).one()
        _keep_findings(connection, version.version_id, findings)
        if verdict == "valid":
            connection.execute(PUBLISH, dict(version._mapping))
        _answer_sender(connection, settings, delivery, version, findings, as_of)
    return Verdict(delivery.file_name, version.service_code, verdict, findings)


def _keep_findings(connection: Connection, version_id: int, findings: Sequence[Finding]) -> None:
    """All of them, in place of those of an earlier judgement."""
    connection.execute(
        text("delete from ops.roster_finding where version_id = :version_id"),
        {"version_id": version_id},
    )
    if findings:
        connection.execute(
            text(
                """
                insert into ops.roster_finding
                    (version_id, rule, severity, row_number, agent_id, roster_date, message)
                values (:version_id, :rule, :severity, :row_number, :agent_id, :roster_date,
                    :message)
                """
            ),
            [{"version_id": version_id, **vars(finding)} for finding in findings],
        )


def _answer_sender(
    connection: Connection,
    settings: Settings,
    delivery: Row[Any],
    version: Row[Any],
    findings: Sequence[Finding],
    as_of: datetime,
) -> None:
    """A dropped file names no sender: the makers of the roster get the answer (team leaders and
    workforce management of the service), or the operators if nobody is known."""
    service = {"service_code": version.service_code}
    senders: Sequence[str] = connection.execute(SENDERS, service).scalars().all()
    words = {
        "valid": {"id": "SAH", "en": "VALID"},
        "invalid": {"id": "TIDAK SAH", "en": "INVALID"},
        "check_broken": {"id": "BELUM DINILAI", "en": "NOT JUDGED"},
    }
    facts = {
        "service_code": version.service_code or "?",
        "period": f"{version.period_start} – {version.period_end}",
        "file_name": delivery.file_name,
        "version": version.version,
        "verdict": version.verdict,
        "verdict_text": words[version.verdict][settings.language],
        "errors": version.errors,
        "findings": list(findings[:SHOWN_IN_MAIL]),
        "hidden": max(len(findings) - SHOWN_IN_MAIL, 0),
    }
    key = f"roster_verdict:{version.version_id}:{version.verdict}:{delivery.judged_on}"
    queue_mails(
        connection,
        [
            Mail("roster_verdict", key, address, facts, f"roster-verdict-{version.version_id}")
            for address in senders or settings.operators
        ],
        settings.language,
        as_of,
    )
