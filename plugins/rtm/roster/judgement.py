"""Judges delivered rosters in the order of delivery, publishes the valid ones, answers the sender.

A roster that failed changes nothing. It is judged again when something that the rules see of it has
changed, and then takes its own place in the order of delivery. Its makers hear of it again only if
there is something new to hear.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Connection, Row, text
from upath import UPath

from rtm.landing import LandingError
from rtm.landing.places import landing_errors
from rtm.notify import Attachment, Mail, attach, queue_mails, words
from rtm.recipients import people, roster_makers
from rtm.roster.answer import Delivered, answer_workbook
from rtm.roster.cells import XLSX, file_stem
from rtm.roster.gate import CheckBrokenError, Finding, fingerprint, judge
from rtm.roster.published import held_rows
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse

logger = logging.getLogger(__name__)

SHOWN_IN_MAIL = 50

NEXT_PENDING = text(
    """
    with reference as (
        select concat_ws(
            '/',
            (select max(_load_id) from raw.service),
            (select max(_load_id) from raw.team),
            (select max(_load_id) from raw.agent),
            (select max(_load_id) from raw.shift),
            (select max(_load_id) from raw.staffing_requirement),
            (select max(load_id) from ops.roster_day),
            cast(:limits as text)
        ) as judged_on
    )
    select
        ledger.file_id,
        ledger.feed,
        ledger.file_name,
        ledger.content_sha256,
        ledger.arrived_at,
        reference.judged_on,
        version.verdict,
        version.rests_on
    from ops.file_ledger as ledger
    cross join reference
    left join ops.roster_version as version on version.file_id = ledger.file_id
    where ledger.lands_in = 'roster'
        and ledger.outcome in ('loaded', 'quarantined')
        and (
            version.version_id is null
            -- A check that failed has said nothing yet: every later run tries it again
            or (version.verdict = 'check_broken' and version.judged_at < :as_of)
            or (
                version.verdict = 'invalid'
                and version.judged_on <> reference.judged_on
                -- It would still hold on some date: later versions have not replaced it whole
                and exists (
                    select from generate_series(
                        version.period_start, version.period_end, interval '1 day'
                    ) as day (roster_date)
                    where not exists (
                        select from ops.roster_day as known
                        inner join ops.file_ledger as holder on holder.file_id = known.file_id
                        where known.service_code = version.service_code
                            and known.roster_date = day.roster_date
                            and (holder.arrived_at, holder.file_name)
                                > (ledger.arrived_at, ledger.file_name)
                    )
                )
            )
        )
    order by ledger.arrived_at, ledger.file_name, ledger.file_id
    limit 1
    """
)

RECORD = text(
    r"""
    with delivered as (
        select service_code, roster_date, true as is_taken_in
        from staging.stg_canonical__roster
        where file_id = :file_id
        union all
        -- What can be made out of refused rows tells whom to answer, and about what
        select
            refused.cells ->> 'service_code',
            case
                when written.day ~ '^\d{4}-\d{2}-\d{2}$' and pg_input_is_valid(written.day, 'date')
                    then written.day::date
            end,
            false
        from ops.quarantine as refused
        cross join lateral (
            select regexp_replace(
                refused.cells ->> 'roster_date', '^(\d\d)[-/.](\d\d)[-/.](\d{4})$', '\3-\2-\1'
            ) as day
        ) as written
        where refused.file_id = :file_id and refused.released_at is null
    ),
    recognised as (
        select
            coalesce(
                mode() within group (order by service_code) filter (where is_taken_in),
                mode() within group (order by service_code)
            ) as service_code,
            min(roster_date) as period_start,
            max(roster_date) as period_end
        from delivered
    )
    insert into ops.roster_version as known
        (file_id, service_code, period_start, period_end, version, received_at, judged_at,
         judged_on, rests_on, verdict, errors, warnings)
    select
        :file_id,
        recognised.*,
        1 + (
            select count(*) from ops.roster_version as other
            where other.service_code = recognised.service_code and other.file_id <> :file_id
        ),
        :received_at, :as_of, :judged_on, :rests_on, :verdict, :errors, :warnings
    from recognised
    on conflict (file_id) do update set
        service_code = excluded.service_code,
        period_start = excluded.period_start,
        period_end = excluded.period_end,
        version = case
            when known.service_code = excluded.service_code then known.version
            else excluded.version
        end,
        judged_at = excluded.judged_at,
        judged_on = excluded.judged_on,
        rests_on = excluded.rests_on,
        verdict = excluded.verdict,
        errors = excluded.errors,
        warnings = excluded.warnings
    returning *
    """
)

STANDS = text("update ops.roster_version set judged_on = :judged_on where file_id = :file_id")

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

SENDERS = text("select uploaded_by from ops.roster_upload where file_name = :file_name")

TAKEN_IN = text(
    """
    select agent_id, roster_date, place
    from staging.stg_canonical__roster
    where file_id = :file_id
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


def judge_pending(
    warehouse: Warehouse, settings: Settings, landing: Callable[[], UPath], as_of: datetime
) -> list[Verdict]:
    """Judges every roster that waits for a verdict; each is one transaction.

    `landing` opens the folder where the delivered file still lies that goes back to its sender; it
    is asked only where there is an answer.

    A published roster may be what an earlier one failed on, so the next is looked for after each.
    """
    verdicts: list[Verdict] = []
    with warehouse.exclusive("rosters"):
        while delivery := _next_pending(warehouse, settings, as_of):
            if verdict := _judge_one(warehouse, settings, landing, delivery, as_of):
                verdicts.append(verdict)
    return verdicts


def _next_pending(warehouse: Warehouse, settings: Settings, as_of: datetime) -> Row[Any] | None:
    with warehouse.transaction(Role.APP) as connection:
        return connection.execute(
            NEXT_PENDING, {"as_of": as_of, "limits": str(settings.roster_limits)}
        ).one_or_none()


def _judge_one(
    warehouse: Warehouse,
    settings: Settings,
    landing: Callable[[], UPath],
    delivery: Row[Any],
    as_of: datetime,
) -> Verdict | None:
    """None where nothing has changed that this roster's verdict rests on."""
    with warehouse.transaction(Role.APP) as connection:
        rests_on = fingerprint(connection, delivery.file_id, settings.roster_limits)
        if delivery.verdict == "invalid" and delivery.rests_on == rests_on:
            connection.execute(STANDS, dict(delivery._mapping))
            return None
    try:
        findings = judge(warehouse, delivery.file_id, settings.roster_limits, settings.language)
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
                "rests_on": rests_on,
                "verdict": verdict,
                "errors": errors,
                "warnings": len(findings) - errors,
            },
        ).one()
        are_new = _keep_findings(connection, version.version_id, findings)
        if verdict == "valid":
            connection.execute(PUBLISH, dict(version._mapping))
        if verdict != delivery.verdict or (are_new and not _is_over(version, as_of)):
            _answer_makers(connection, settings, landing, delivery, version, findings, as_of)
    return Verdict(delivery.file_name, version.service_code, verdict, findings)


def _is_over(version: Row[Any], as_of: datetime) -> bool:
    """The period is past in every time zone, with the night shift of its last date."""
    return version.period_end is not None and version.period_end < as_of.date() - timedelta(days=1)


def _keep_findings(connection: Connection, version_id: int, findings: Sequence[Finding]) -> bool:
    """All of them, in place of those of an earlier judgement; says whether they differ."""
    earlier = connection.execute(
        text(
            """
            delete from ops.roster_finding where version_id = :version_id
            returning rule, severity, row_number, agent_id, roster_date, message, place
            """
        ),
        {"version_id": version_id},
    ).all()
    if findings:
        connection.execute(
            text(
                """
                insert into ops.roster_finding
                    (version_id, rule, severity, row_number, agent_id, roster_date, message,
                     place)
                values (:version_id, :rule, :severity, :row_number, :agent_id, :roster_date,
                    :message, :place)
                """
            ),
            [{"version_id": version_id, **vars(finding)} for finding in findings],
        )
    return {Finding(**row._mapping) for row in earlier} != set(findings)


def _answer_makers(
    connection: Connection,
    settings: Settings,
    landing: Callable[[], UPath],
    delivery: Row[Any],
    version: Row[Any],
    findings: Sequence[Finding],
    as_of: datetime,
) -> None:
    """Who uploaded a file gets the answer. A dropped one names no sender: the makers of the roster
    get it (team leaders and workforce management of the service), or the operators if nobody is
    known. A check that failed is the operators' matter in any case."""
    asked = {"file_name": delivery.file_name}
    senders: list[str] = list(connection.execute(SENDERS, asked).scalars())
    told = set(
        people(connection, senders) or roster_makers(connection, settings, version.service_code)
    )
    if version.verdict == "check_broken":
        told |= set(settings.operators)
    facts = _facts(settings, delivery, version, findings)
    attachments: tuple[int, ...] = ()
    if version.verdict != "check_broken":
        answer = _answer(connection, settings, landing, delivery, version, findings)
        attachments = attach(connection, [answer], as_of)
    key = f"roster_verdict:{version.version_id}:{as_of.isoformat()}:{version.rests_on}"
    queue_mails(
        connection,
        [
            Mail(
                "roster_verdict",
                key,
                address,
                facts,
                f"roster-verdict-{version.version_id}",
                attachments,
            )
            for address in sorted(told)
        ],
        settings.language,
        as_of,
    )


def _answer(
    connection: Connection,
    settings: Settings,
    landing: Callable[[], UPath],
    delivery: Row[Any],
    version: Row[Any],
    findings: Sequence[Finding],
) -> Attachment:
    rows = connection.execute(TAKEN_IN, {"file_id": delivery.file_id}).all()
    delivered = Delivered(delivery.file_name, _content(landing, delivery), rows)
    published = held_rows(connection, version) if version.verdict == "valid" else ()
    stem = delivery.file_name.removesuffix(".gz").rpartition(".")[0] or delivery.file_name
    name = words("roster_workbook", settings.language)["answer_file"].format(name=file_stem(stem))
    content = answer_workbook(delivered, version, findings, published, settings.language)
    return Attachment(name, XLSX, content)


def _content(landing: Callable[[], UPath], delivery: Row[Any]) -> bytes | None:
    """The file as it was taken in, if it still lies there and can be read."""
    try:
        with landing_errors():
            folder = landing()
            path = f"{folder.path.rstrip('/')}/{delivery.feed}/{delivery.file_name}"
            with folder.fs.open(path, "rb") as file:
                content = cast(bytes, file.read())
    except LandingError as error:
        logger.warning("%s does not go back to its sender: %s", delivery.file_name, error)
        return None
    return content if sha256(content).hexdigest() == delivery.content_sha256 else None


def _facts(
    settings: Settings, delivery: Row[Any], version: Row[Any], findings: Sequence[Finding]
) -> dict[str, Any]:
    """What the mail tells; a roster of which too little is known goes by the name of its file."""
    words = {
        "valid": {"id": "SAH", "en": "VALID"},
        "invalid": {"id": "TIDAK SAH", "en": "INVALID"},
        "check_broken": {"id": "BELUM DINILAI", "en": "NOT JUDGED"},
    }
    period = version.period_start and f"{version.period_start} – {version.period_end}"
    named = [version.service_code, period]
    if None in named:
        named.append(delivery.file_name)
    return {
        "roster": " ".join(filter(None, named)),
        "service_code": version.service_code or "–",
        "period": period or "–",
        "file_name": delivery.file_name,
        "version": version.version,
        "verdict": version.verdict,
        "verdict_text": words[version.verdict][settings.language],
        "errors": version.errors,
        "findings": list(findings[:SHOWN_IN_MAIL]),
        "has_answer": version.verdict != "check_broken",
        "hidden": max(len(findings) - SHOWN_IN_MAIL, 0),
        # Of no service, nobody has the right to read it there.
        "link": settings.desk_page(
            f"/rosters/versions/{version.version_id}" if version.service_code else "/rosters"
        ),
    }
