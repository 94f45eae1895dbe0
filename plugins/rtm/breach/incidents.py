"""What is wrong with the pipeline itself: an incident each, told to the operators alone.

An incident is open as long as its trouble is there, and told of once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from rtm.notify import Mail, queue_mails, refused_mails, unconfirmed_mails, words
from rtm.recipients import coordinators, reached
from rtm.settings import Language, Settings

TROUBLES = text(
    """
    with landing as (
        select did from ops.cycle where step = 'land_feeds' and error is null
        order by cycle_id desc limit 1
    )
    select
        'feed_stale' as kind,
        feed as subject,
        jsonb_build_object(
            'since', to_char(latest_arrival_at, 'YYYY-MM-DD HH24:MI TZH:TZM')
        ) as facts
    from marts.rpt_feed_freshness where is_missed
    union all
    select
        'unmapped_' || kind,
        coalesce(source || ':', '') || coalesce(code, '-'),
        jsonb_build_object('rows', occurrences)
    from marts.rpt_unmapped_code
    union all
    select 'file_unreachable', file.name, jsonb_build_object('reason', file.reason)
    from landing
    cross join jsonb_each_text(landing.did -> 'unreachable') as file (name, reason)
    union all
    select 'landing_unreachable', folder.name, jsonb_build_object('reason', folder.reason)
    from landing
    cross join jsonb_each_text(landing.did -> 'unlisted') as folder (name, reason)
    """
)

# Once nobody could be told, that stays a trouble until somebody can, whatever the KPI does.
TO_BE_TOLD_OF = text(
    """
    select service_code from ops.breach where cleared_at is null
    union
    select subject from ops.incident where kind = 'no_recipient' and closed_at is null
    """
)

OPEN = text("select incident_id, kind, subject from ops.incident where closed_at is null")

CLOSE = text("update ops.incident set closed_at = :as_of where incident_id = any(:gone)")

RAISE = text(
    """
    insert into ops.incident (kind, subject, opened_at, detail)
    values (:kind, :subject, :as_of, :detail)
    returning incident_id
    """
)


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong now. `kind` is a code; its words tell `facts`."""

    kind: str
    subject: str
    facts: dict[str, Any]

    def title(self, language: Language) -> str:
        return words("incident_titles", language)[self.kind]

    def detail(self, language: Language) -> str:
        return words("incident_details", language)[self.kind].format(**self.facts)


def raise_incidents(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Opens an incident for each trouble that is new, closes those that are gone; returns how many
    are new."""
    troubles = {
        (trouble.kind, trouble.subject): trouble
        for trouble in _troubles(connection, settings, as_of)
    }
    known = {(row.kind, row.subject): row.incident_id for row in connection.execute(OPEN)}
    gone = [incident for key, incident in known.items() if key not in troubles]
    connection.execute(CLOSE, {"as_of": as_of, "gone": gone})
    new = [trouble for key, trouble in troubles.items() if key not in known]
    mails = [mail for trouble in new for mail in _raise(connection, settings, trouble, as_of)]
    queue_mails(connection, mails, settings.language, as_of)
    return len(new)


def _troubles(connection: Connection, settings: Settings, as_of: datetime) -> list[Trouble]:
    troubles = [Trouble(**row) for row in connection.execute(TROUBLES).mappings()]
    troubles += [
        Trouble(
            *("mail_unconfirmed", f"{mail.mail_id}"),
            {"recipient": mail.recipient, "subject": mail.subject, "mail_id": mail.mail_id},
        )
        for mail in unconfirmed_mails(connection, as_of)
    ]
    troubles += _refused(connection, settings)
    services: list[str] = list(connection.execute(TO_BE_TOLD_OF).scalars())
    troubles += [
        Trouble("no_recipient", service_code, {})
        for service_code in services
        if not coordinators(connection, settings, service_code)
    ]
    return troubles


def _refused(connection: Connection, settings: Settings) -> list[Trouble]:
    """Once for each address that is still somebody's: one that is nobody's any more is mended."""
    mails = refused_mails(connection)
    wrong = reached(connection, settings, [mail.recipient for mail in mails])
    return [
        Trouble(
            *("mail_refused", f"{mail.mail_id}"),
            {
                "recipient": mail.recipient,
                "subject": mail.subject,
                "mail_id": mail.mail_id,
                "mails": mail.mails,
                "answer": mail.answer,
            },
        )
        for mail in mails
        if mail.recipient in wrong
    ]


def _raise(
    connection: Connection, settings: Settings, trouble: Trouble, as_of: datetime
) -> list[Mail]:
    detail = trouble.detail(settings.language)
    raised = {"kind": trouble.kind, "subject": trouble.subject, "detail": detail, "as_of": as_of}
    number: int = connection.execute(RAISE, raised).scalar_one()
    facts = {
        "kind": trouble.title(settings.language),
        "incident_subject": trouble.subject,
        "detail": detail,
        "code": trouble.kind,
    }
    return [
        Mail("incident", f"incident:{number}", operator, facts) for operator in settings.operators
    ]
