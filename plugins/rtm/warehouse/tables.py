"""The tables of `ops`: what the pipeline itself knows and decides, as SQLAlchemy models.

Rows that sources deliver are not here (`raw`), nor anything that can be computed from them
(`intermediate`, `marts`). A change here needs a migration; `make check` compares the two.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

INSTANT = DateTime(timezone=True)


class Base(DeclarativeBase):
    metadata = MetaData(
        schema="ops",
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        datetime: INSTANT,
        str: Text,
        int: BigInteger,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


def _identity() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


class FileLedger(Base):
    """One row per delivered file that landing has dealt with, whatever came of it."""

    __tablename__ = "file_ledger"
    __table_args__ = (
        UniqueConstraint("feed", "file_name", "arrived_at", "size_bytes"),
        Index(None, "feed", "size_bytes", "content_sha256"),
        Index(None, "feed", "arrived_at"),
        Index(None, "lands_in", "arrived_at"),
        Index(None, "feed", "span_to"),
        Index(
            None,
            *("words_digest", "arrived_at", "file_name"),
            postgresql_where=text("words_digest is not null"),
        ),
        CheckConstraint("outcome in ('loaded', 'repeated', 'quarantined')", name="outcome"),
    )

    file_id: Mapped[int] = _identity()
    feed: Mapped[str]
    lands_in: Mapped[str]
    """The feed in whose tables the rows are: of a mapping another one than its own."""
    mapping_digest: Mapped[str | None]
    """Of the mapping that the file was read by."""
    file_name: Mapped[str]
    arrived_at: Mapped[datetime]
    size_bytes: Mapped[int]
    content_sha256: Mapped[str]
    outcome: Mapped[str]
    rows_read: Mapped[int] = mapped_column(server_default=text("0"))
    rows_quarantined: Mapped[int] = mapped_column(server_default=text("0"))
    span_from: Mapped[str | None]
    """Lowest and highest cell, as delivered, of the column that a dense feed grows in."""
    span_to: Mapped[str | None]
    words_digest: Mapped[str | None]
    """Of a feed that keeps its deliveries: which of `raw.delivered_words` the file had."""
    unknown_columns: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    unknown_values: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """How many rows have a value that the models give no meaning to, by column and value."""
    message: Mapped[str | None]
    landed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Quarantine(Base):
    """One row per delivered row, or whole file, that could not be taken in."""

    __tablename__ = "quarantine"
    __table_args__ = (
        Index(None, "file_id"),
        Index("ix_quarantine_waiting", "waits_for", postgresql_where=text("released_at is null")),
    )

    quarantine_id: Mapped[int] = _identity()
    file_id: Mapped[int] = mapped_column(ForeignKey("ops.file_ledger.file_id"))
    feed: Mapped[str]
    row_number: Mapped[int | None]
    reason: Mapped[str]
    raw_text: Mapped[str | None]
    cells: Mapped[dict[str, Any] | None]
    waits_for: Mapped[str | None]
    released_at: Mapped[datetime | None]


class Clock(Base):
    """One row: the moment up to which the marts are computed, and what they have taken in."""

    __tablename__ = "clock"
    __table_args__ = (CheckConstraint("only_row", name="only_row"),)

    only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    as_of: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))
    """The clock of the run under way, or of the last one."""
    built_as_of: Mapped[datetime | None]
    """The clock of the last run that ended well: what the marts say of themselves."""
    previous_as_of: Mapped[datetime] = mapped_column(server_default=text("'-infinity'"))
    """The same as the run under way sees it: a rebuild forgets what was built."""
    load_from: Mapped[int] = mapped_column(server_default=text("0"))
    """Loads above this one have not been in a run that ended well."""
    load_to: Mapped[int] = mapped_column(server_default=text("0"))
    interval_min: Mapped[int] = mapped_column(server_default=text("30"))
    stale_after: Mapped[timedelta] = mapped_column(Interval, server_default=text("'10 minutes'"))
    zones: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Time zone of each service at the last run."""
    needs_rebuild: Mapped[bool] = mapped_column(server_default=text("true"))
    models: Mapped[str | None]
    """Fingerprint of the models that were deployed last."""


class Cycle(Base):
    """One row per run of the minute cycle: how long each step took and what it did."""

    __tablename__ = "cycle"
    __table_args__ = (Index(None, "as_of"),)

    cycle_id: Mapped[int] = _identity()
    as_of: Mapped[datetime]
    step: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    did: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    error: Mapped[str | None]
    """Why the step failed; null if it ended well."""


class RosterVersion(Base):
    """One row per delivered roster of a service, with the verdict of the gate."""

    __tablename__ = "roster_version"
    __table_args__ = (
        UniqueConstraint("file_id"),
        Index(None, "service_code", "period_start"),
        CheckConstraint("verdict in ('valid', 'invalid', 'check_broken')", name="verdict"),
    )

    version_id: Mapped[int] = _identity()
    file_id: Mapped[int] = mapped_column(ForeignKey("ops.file_ledger.file_id"))
    service_code: Mapped[str | None]
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    version: Mapped[int]
    received_at: Mapped[datetime]
    judged_at: Mapped[datetime]
    judged_on: Mapped[str]
    """The newest loads of all that a verdict may rest on: until newer ones, nobody looks again."""
    rests_on: Mapped[str]
    """Fingerprint of what the rules saw of this roster: while it stands, so does the verdict."""
    verdict: Mapped[str]
    errors: Mapped[int]
    warnings: Mapped[int]


class RosterUpload(Base):
    """One row per roster that somebody uploaded at the desk: who sent the file that lies there."""

    __tablename__ = "roster_upload"
    __table_args__ = (UniqueConstraint("file_name"),)

    upload_id: Mapped[int] = _identity()
    file_name: Mapped[str]
    """As it was delivered; made by the desk."""
    original_name: Mapped[str]
    content_sha256: Mapped[str]
    size_bytes: Mapped[int]
    service_codes: Mapped[list[str]]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]


class RosterFinding(Base):
    """One row per cell or row of a roster that breaks a rule."""

    __tablename__ = "roster_finding"
    __table_args__ = (Index(None, "version_id"),)

    finding_id: Mapped[int] = _identity()
    version_id: Mapped[int] = mapped_column(
        ForeignKey("ops.roster_version.version_id", ondelete="CASCADE")
    )
    rule: Mapped[str]
    severity: Mapped[str]
    row_number: Mapped[int | None]
    agent_id: Mapped[str | None]
    roster_date: Mapped[date | None]
    place: Mapped[str | None]
    """The cell of the delivered workbook, as `Sheet!F12`; of delimited text without the sheet."""
    message: Mapped[str]


class RosterDay(Base):
    """One row per service and date: the published version that holds on it."""

    __tablename__ = "roster_day"
    __table_args__ = (Index(None, "load_id"),)

    service_code: Mapped[str] = mapped_column(primary_key=True)
    roster_date: Mapped[date] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("ops.roster_version.version_id"))
    file_id: Mapped[int]
    load_id: Mapped[int]
    """The newest load at the time of publication: the run after it rebuilds what changed."""


class Breach(Base):
    """One row per missed target, from its detection until it is cleared."""

    __tablename__ = "breach"
    __table_args__ = (
        Index(
            "ix_breach_one_open",
            "service_code",
            "channel",
            "kpi",
            "roster_date",
            unique=True,
            postgresql_where=text("cleared_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            "cleared_because in ('met', 'target_ended', 'data_corrected', 'plan_closed')",
            name="cleared_because",
        ),
        CheckConstraint("(cleared_at is null) = (cleared_because is null)", name="cleared"),
    )

    breach_id: Mapped[int] = _identity()
    service_code: Mapped[str]
    channel: Mapped[str]
    kpi: Mapped[str]
    roster_date: Mapped[date | None]
    """Of the KPI `roster_h1`: the date for which there is no roster."""
    scope: Mapped[str] = mapped_column(server_default=text("'service'"))
    started_at: Mapped[datetime]
    detected_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    cleared_because: Mapped[str | None]
    comparator: Mapped[str]
    target: Mapped[float] = mapped_column(Numeric)
    observed: Mapped[float] = mapped_column(Numeric)
    numerator: Mapped[float] = mapped_column(Numeric)
    denominator: Mapped[float] = mapped_column(Numeric)
    at_risk: Mapped[int] = mapped_column(server_default=text("0"))
    """Of the contacts, how many were not lost yet, but waited so long that they count as missed."""
    at_risk_s: Mapped[float | None] = mapped_column(Numeric)
    """How long they had waited at least; null where a longer window decided."""
    severity: Mapped[str]
    """The worst that it has been."""
    severity_since: Mapped[datetime | None]
    """When it became worse than it was at detection."""
    recounted_at: Mapped[datetime | None]
    """When its window was counted again last, to see whether corrected data take it away."""


class AgentBreach(Base):
    """One row per agent, shift and matter that did not conform: late, absent, too long in AUX,
    against floor discipline. It leads to no recovery plan; coaching starts from it.

    Numbered together with `ops.breach`, from its sequence.
    """

    __tablename__ = "agent_breach"
    __table_args__ = (
        UniqueConstraint(
            *("agent_id", "service_code", "roster_date", "shift_code", "matter", "subject"),
            name="uq_agent_breach_once",
        ),
        Index(None, "roster_date"),
        Index("ix_agent_breach_open", "service_code", postgresql_where=text("cleared_at is null")),
        CheckConstraint(
            "cleared_because in ('over', 'appeared', 'data_corrected')", name="cleared_because"
        ),
        CheckConstraint("(cleared_at is null) = (cleared_because is null)", name="cleared"),
    )

    breach_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    service_code: Mapped[str]
    agent_id: Mapped[str]
    roster_date: Mapped[date]
    shift_code: Mapped[str]
    """Empty where no shift owns it."""
    matter: Mapped[str]
    subject: Mapped[str]
    """The AUX code or the rule of floor discipline; empty for what has none."""
    kpi: Mapped[str]
    started_at: Mapped[datetime]
    detected_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    cleared_because: Mapped[str | None]
    comparator: Mapped[str]
    target: Mapped[float] = mapped_column(Numeric)
    observed: Mapped[float] = mapped_column(Numeric)
    severity: Mapped[str]
    recounted_at: Mapped[datetime]
    """When it was last looked at whether the data still say so."""


class KpiWatch(Base):
    """One row per watched KPI: since when its windows miss the target, or show that it is back."""

    __tablename__ = "kpi_watch"

    service_code: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    kpi: Mapped[str] = mapped_column(primary_key=True)
    missed_since: Mapped[datetime | None]
    recovered_since: Mapped[datetime | None]


class RecoveryPlan(Base):
    """One row per recovery plan, made in draft by the breach it answers.

    Its life is `rtm.recovery.lifecycle`; each step of it is in `ops.audit`. The times are those of
    the round under way: a plan that is reopened is submitted, verified and carried out again.
    """

    __tablename__ = "recovery_plan"
    __table_args__ = (
        UniqueConstraint("breach_id"),
        Index("ix_recovery_plan_open", "status", postgresql_where=text("closed_at is null")),
        Index(None, "retain_until"),
        CheckConstraint(
            "status in ('draft', 'submitted', 'returned', 'verified', 'in_action', 'done',"
            " 'closed', 'reopened', 'withdrawn')",
            name="status",
        ),
        CheckConstraint("verifier <> author", name="verified_by_another"),
        CheckConstraint(
            "(status in ('closed', 'withdrawn')) = (closed_at is not null)", name="closed"
        ),
    )

    plan_id: Mapped[int] = _identity()
    breach_id: Mapped[int] = mapped_column(ForeignKey("ops.breach.breach_id"))
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    """Counts the changes: who changes a plan says which one they saw."""
    status: Mapped[str] = mapped_column(server_default=text("'draft'"))
    status_since: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    """The numbers at detection: window, target, observed, gap, volumes, who is missing."""
    # What people write
    cause_category: Mapped[str | None]
    whys: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    """Up to five: each asks why of the one before."""
    correction: Mapped[str | None]
    """What is done now."""
    corrective_action: Mapped[str | None]
    """What keeps it from happening again."""
    responsible: Mapped[str | None]
    due_at: Mapped[datetime | None]
    horizon_min: Mapped[int] = mapped_column(server_default=text("240"))
    """Within which the KPI is to be back on target, from the moment the plan is done."""
    on_target_intervals: Mapped[int] = mapped_column(server_default=text("2"))
    """So many intervals in a row on target prove the effect."""
    evidence: Mapped[str | None]
    # Who and when
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    author: Mapped[str | None]
    """Who submitted it."""
    contributors: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    """All who wrote in it, in earlier rounds as well: none of them may verify it."""
    verifier: Mapped[str | None]
    times_returned: Mapped[int] = mapped_column(server_default=text("0"))
    times_reopened: Mapped[int] = mapped_column(server_default=text("0"))
    # What came of it
    is_effective: Mapped[bool | None]
    effect_known_at: Mapped[datetime | None]
    retain_until: Mapped[date | None]
    is_on_legal_hold: Mapped[bool] = mapped_column(server_default=text("false"))


class Coaching(Base):
    """One row per step of coaching, proposed by the pipeline and decided by a person.

    Its life is `rtm.coaching.lifecycle`; each step of it is in `ops.audit`. What a step says of its
    periods was said when it was issued: a ladder that changes later does not change it.
    """

    __tablename__ = "coaching"
    __table_args__ = (
        Index(
            "ix_coaching_one_proposed",
            *("agent_id", "service_code"),
            unique=True,
            postgresql_where=text("status = 'proposed'"),
        ),
        Index(None, "agent_id", "service_code"),
        CheckConstraint(
            "status in ('proposed', 'issued', 'followed_up', 'dismissed', 'withdrawn')",
            name="status",
        ),
        CheckConstraint(
            "(status in ('issued', 'followed_up', 'dismissed')) = (decided_by is not null)",
            name="decided_by_a_person",
        ),
        CheckConstraint(
            "(status in ('issued', 'followed_up')) = (step is not null)", name="issued"
        ),
        CheckConstraint(
            "num_nulls(step, step_no, follow_up_due_at, lapses_at) in (0, 4)", name="step_is_whole"
        ),
        CheckConstraint("num_nulls(decided_at, decided_by) in (0, 2)", name="decision_is_whole"),
        CheckConstraint(
            "(status = 'followed_up') = (followed_up_by is not null)", name="followed_up"
        ),
        CheckConstraint(
            "num_nulls(followed_up_at, followed_up_by, follow_up_note) in (0, 3)",
            name="follow_up_is_whole",
        ),
        CheckConstraint("step_no <= proposed_step_no", name="never_higher"),
        CheckConstraint("decided_by <> agent_id and followed_up_by <> agent_id", name="by_another"),
    )

    coaching_id: Mapped[int] = _identity()
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    """Counts the changes: who decides says which one they saw."""
    service_code: Mapped[str]
    agent_id: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'proposed'"))
    status_since: Mapped[datetime]
    proposed_step: Mapped[str]
    proposed_step_no: Mapped[int]
    proposed_at: Mapped[datetime]
    # What a person decided
    step: Mapped[str | None]
    """The step that was issued: the proposed one, or a lower one."""
    step_no: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
    """Of a dismissal, of a lower step, or of the pipeline that withdrew the proposal."""
    follow_up_due_at: Mapped[datetime | None]
    lapses_at: Mapped[datetime | None]
    # What came of it
    followed_up_at: Mapped[datetime | None]
    followed_up_by: Mapped[str | None]
    follow_up_note: Mapped[str | None]


class CoachingEvidence(Base):
    """One row per matter that a step of coaching rests on; a matter is used by one step only."""

    __tablename__ = "coaching_evidence"
    __table_args__ = (
        Index(
            "ix_coaching_evidence_used_once",
            "breach_id",
            unique=True,
            postgresql_where=text("released_at is null"),
        ),
    )

    coaching_id: Mapped[int] = mapped_column(
        ForeignKey("ops.coaching.coaching_id"), primary_key=True
    )
    breach_id: Mapped[int] = mapped_column(
        ForeignKey("ops.agent_breach.breach_id"), primary_key=True
    )
    attached_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    """When the proposal was withdrawn: another one may use the matter."""


class Audit(Base):
    """One row per change of a record that people answer for; nobody rewrites it.

    Each row holds the hash of the one before and of its own content, so that a changed or missing
    row shows (`rtm.audit`). Its table belongs to the login, not to the role of the pipeline.
    """

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject", "subject_id"),)

    audit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    """Agent id of a person, or `rtm` for the pipeline."""
    subject: Mapped[str]
    subject_id: Mapped[int]
    action: Mapped[str]
    content: Mapped[dict[str, Any] | None]
    """What changed; null once the record is removed at the end of its retention."""
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditService(Base):
    """One row per row of the audit and service that it is about: by it, the page of a service finds
    its newest rows without reading those of others."""

    __tablename__ = "audit_service"

    service_code: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    audit_id: Mapped[int] = mapped_column(
        ForeignKey("ops.audit.audit_id"), primary_key=True, autoincrement=False
    )


class ExceptionRequest(Base):
    """One row per request for an exception of an agent, made at the desk (`rtm.floor.exceptions`).

    Each step is in `ops.audit`. What holds is what was delivered: `marts.fct_exception`.
    """

    __tablename__ = "exception_request"
    __table_args__ = (
        Index(
            "ix_exception_request_once",
            "agent_id",
            "start_at",
            "end_at",
            unique=True,
            postgresql_where=text("status in ('waiting', 'approved')"),
        ),
        CheckConstraint("start_at < end_at", name="ends_after_start"),
        CheckConstraint(
            "status in ('waiting', 'approved', 'rejected', 'withdrawn')", name="status"
        ),
        CheckConstraint(
            "decided_by <> requested_by and decided_by <> agent_id", name="decided_by_another"
        ),
        CheckConstraint(
            "status not in ('approved', 'rejected') or decided_by is not null", name="decided"
        ),
    )

    request_id: Mapped[int] = _identity()
    agent_id: Mapped[str]
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    reason_code: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    """Who approved or rejected it; who withdrew it is in the audit."""
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    """The reason of the last step."""


class RotgRound(Base):
    """One row per round of the floor: somebody looked at items of the checklist, for the agents of
    one team in one shift (`rtm.floor.rounds`).

    This table and the two after it are only ever added to; they belong to the login, not to the
    role of the pipeline.
    """

    __tablename__ = "rotg_round"
    __table_args__ = (
        Index("ix_rotg_round_shift", "service_code", "roster_date", "shift_code", "team_code"),
        CheckConstraint("cardinality(items) > 0", name="looked_at_something"),
    )

    round_id: Mapped[int] = _identity()
    service_code: Mapped[str]
    roster_date: Mapped[date]
    shift_code: Mapped[str]
    team_code: Mapped[str]
    items: Mapped[list[str]]
    """Codes of what was looked at; what was not cannot have been in order."""
    note: Mapped[str | None]
    checked_by: Mapped[str]
    checked_at: Mapped[datetime]


class RotgFinding(Base):
    """One row per agent and item that a round found not in order."""

    __tablename__ = "rotg_finding"

    round_id: Mapped[int] = mapped_column(ForeignKey("ops.rotg_round.round_id"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    item_code: Mapped[str] = mapped_column(primary_key=True)
    note: Mapped[str | None]


class RotgVoid(Base):
    """One row per round that was a mistake: it counts no more, with all that it found."""

    __tablename__ = "rotg_void"

    round_id: Mapped[int] = mapped_column(ForeignKey("ops.rotg_round.round_id"), primary_key=True)
    reason: Mapped[str]
    voided_by: Mapped[str]
    voided_at: Mapped[datetime]


class Incident(Base):
    """One row per trouble of the pipeline itself: a stale feed, an unknown code, nobody to tell."""

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "ix_incident_one_open",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
    )

    incident_id: Mapped[int] = _identity()
    kind: Mapped[str]
    subject: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    detail: Mapped[str]


class Outbox(Base):
    """One row per mail: made with the fact it tells of, sent later, never twice."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        Index(None, "thread"),
        Index(None, "digest_id"),
        Index("ix_outbox_due", "next_attempt_at", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_outbox_gone",
            "next_attempt_at",
            postgresql_where=text("state in ('sent', 'unconfirmed')"),
        ),
        Index("ix_outbox_refused", "recipient", postgresql_where=text("state = 'refused'")),
        Index(
            "ix_outbox_distribution",
            "thread",
            postgresql_where=text("kind = 'roster_distribution'"),
        ),
        CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'refused', 'unconfirmed', 'digested')",
            name="state",
        ),
    )

    mail_id: Mapped[int] = _identity()
    dedupe_key: Mapped[str]
    kind: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    body_text: Mapped[str]
    body_html: Mapped[str]
    thread: Mapped[str | None]
    attachments: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    """Of one that is no longer queued: when it was tried last."""
    sent_at: Mapped[datetime | None]
    smtp_answer: Mapped[str | None]
    digest_id: Mapped[int | None] = mapped_column(
        ForeignKey("ops.outbox.mail_id", ondelete="SET NULL")
    )
    """The mail in which one that is `digested` went."""
    replaced_at: Mapped[datetime | None]
    """Of one that was refused: when it was written anew to those whom it concerns now."""


class Attachment(Base):
    """One row per file that goes out with one mail or several."""

    __tablename__ = "attachment"

    attachment_id: Mapped[int] = _identity()
    file_name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Report(Base):
    """One row per management review of a month that was made (`rtm.report`): of the same figures at
    the same clock there is one."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint(
            *("month", "as_of", "figures_sha256", "product_version", "models"),
            name="uq_report_once",
        ),
    )

    report_id: Mapped[int] = _identity()
    month: Mapped[date]
    """Its first day."""
    as_of: Mapped[datetime]
    """Up to when the marts were computed."""
    figures_sha256: Mapped[str]
    """Of all figures, whatever the clock and the language."""
    product_version: Mapped[str]
    models: Mapped[str]
    """Fingerprint of the models that computed the marts."""
    cycle_id: Mapped[int | None]
    """The build of the marts; null where its record is gone."""
    is_provisional: Mapped[bool]
    formulas: Mapped[list[str]]
    """Every formula of its figures, with the version."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    files: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """sha256 of each file that was written, by its name."""
    mailed_at: Mapped[datetime | None]
