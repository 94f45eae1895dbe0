"""The life of a recovery plan, and the audit that nobody rewrites"""

from typing import Any

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

ADDED: tuple[sa.Column[Any], ...] = (
    sa.Column('revision', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('status_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cause_category', sa.Text(), nullable=True),
    sa.Column('whys', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('correction', sa.Text(), nullable=True),
    sa.Column('corrective_action', sa.Text(), nullable=True),
    sa.Column('responsible', sa.Text(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('horizon_min', sa.BigInteger(), server_default=sa.text('240'), nullable=False),
    sa.Column('on_target_intervals', sa.BigInteger(), server_default=sa.text('2'), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('contributors', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('times_returned', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('times_reopened', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('effect_known_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('is_on_legal_hold', sa.Boolean(), server_default=sa.text('false'), nullable=False),
)
STATUSES = "status in ('draft', 'submitted', 'returned', 'verified', 'in_action', 'done', 'closed', 'reopened', 'withdrawn')"
STATUSES_BEFORE = "status in ('draft', 'submitted', 'returned', 'verified', 'done', 'closed')"

# The chain is kept one writer at a time: the lock goes with the transaction.
CHAIN = """
create function ops.chain_audit() returns trigger language plpgsql as $$
declare
    last record;
begin
    perform pg_advisory_xact_lock(hashtextextended('ops.audit', 0));
    select audit_id, hash into last from ops.audit order by audit_id desc limit 1;
    new.audit_id := coalesce(last.audit_id, 0) + 1;
    new.content_hash := sha256(convert_to(coalesce(new.content::text, ''), 'UTF8'));
    new.hash := ops.audit_hash(last.hash, new);
    return new;
end
$$
"""
HASH = """
create function ops.audit_hash(previous bytea, entry ops.audit) returns bytea
language sql immutable as $$
    select sha256(
        coalesce(previous, ''::bytea)
        || convert_to(
            jsonb_build_array(
                entry.audit_id, extract(epoch from entry.at), entry.actor, entry.subject,
                entry.subject_id, entry.action
            )::text,
            'UTF8'
        )
        || entry.content_hash
    )
$$
"""
# What is left of a removed record is that it was there, and who did what when.
GUARD = """
create function ops.guard_audit() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if new.content is null
            and (new.audit_id, new.at, new.actor, new.subject, new.subject_id, new.action)
            is not distinct from
            (old.audit_id, old.at, old.actor, old.subject, old.subject_id, old.action)
            and new.content_hash = old.content_hash
            and new.hash = old.hash
            and exists (
                select from ops.audit as removal
                where removal.subject = old.subject
                    and removal.subject_id = old.subject_id
                    and removal.action = 'remove'
            )
        then
            return new;
        end if;
    end if;
    raise exception 'ops.audit is only ever added to: % refused', tg_op;
end
$$
"""


def upgrade() -> None:
    for column in ADDED:
        op.add_column('recovery_plan', column.copy(), schema='ops')
    op.execute('update ops.recovery_plan set status_since = coalesce(closed_at, done_at, verified_at, submitted_at, created_at)')
    op.alter_column('recovery_plan', 'status_since', nullable=False, schema='ops')
    op.drop_constraint(op.f('ck_recovery_plan_status'), 'recovery_plan', schema='ops', type_='check')
    op.create_check_constraint(op.f('ck_recovery_plan_status'), 'recovery_plan', STATUSES, schema='ops')
    op.create_check_constraint(op.f('ck_recovery_plan_verified_by_another'), 'recovery_plan', 'verifier <> author', schema='ops')
    op.create_check_constraint(op.f('ck_recovery_plan_closed'), 'recovery_plan', "(status in ('closed', 'withdrawn')) = (closed_at is not null)", schema='ops')
    op.create_index('ix_recovery_plan_open', 'recovery_plan', ['status'], schema='ops', postgresql_where=sa.text('closed_at is null'))
    op.create_index(op.f('ix_recovery_plan_retain_until'), 'recovery_plan', ['retain_until'], schema='ops')
    op.add_column('breach', sa.Column('recounted_at', sa.DateTime(timezone=True), nullable=True), schema='ops')
    op.drop_constraint(op.f('ck_breach_cleared_because'), 'breach', schema='ops', type_='check')
    op.create_check_constraint(op.f('ck_breach_cleared_because'), 'breach', "cleared_because in ('met', 'target_ended', 'data_corrected')", schema='ops')
    op.drop_constraint(op.f('ck_outbox_state'), 'outbox', schema='ops', type_='check')
    op.create_check_constraint(op.f('ck_outbox_state'), 'outbox', "state in ('queued', 'sending', 'sent', 'refused', 'unconfirmed', 'digested')", schema='ops')
    _create_audit()


def _create_audit() -> None:
    # As the login: the role of the pipeline may add rows, and can neither change nor unguard them.
    op.execute('set role none')
    op.create_table('audit',
        sa.Column('audit_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.Text(), nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('subject_id', sa.BigInteger(), nullable=False),
        sa.Column('action', sa.Text(), nullable=False),
        sa.Column('content', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column('content_hash', sa.LargeBinary(), nullable=False),
        sa.Column('hash', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('audit_id', name=op.f('pk_audit')),
        schema='ops'
    )
    op.create_index(op.f('ix_audit_subject_subject_id'), 'audit', ['subject', 'subject_id'], schema='ops')
    for statement in (
        HASH, CHAIN, GUARD,
        'create trigger chain before insert on ops.audit for each row execute function ops.chain_audit()',
        'create trigger guard before update or delete on ops.audit for each row execute function ops.guard_audit()',
        'create trigger guard_all before truncate on ops.audit execute function ops.guard_audit()',
        'grant select, insert, update (content) on ops.audit to rtm_app',
        'grant select on ops.audit to rtm_loader, rtm_transformer',
        'set role rtm_app',
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute("update ops.outbox set state = 'sent', sent_at = coalesce(sent_at, next_attempt_at) where state = 'digested'")
    op.drop_constraint(op.f('ck_outbox_state'), 'outbox', schema='ops', type_='check')
    op.create_check_constraint(op.f('ck_outbox_state'), 'outbox', "state in ('queued', 'sending', 'sent', 'refused', 'unconfirmed')", schema='ops')
    op.execute('set role none')
    op.execute('drop function ops.audit_hash')
    op.drop_table('audit', schema='ops')
    op.execute('drop function ops.chain_audit, ops.guard_audit')
    op.execute('set role rtm_app')
    op.execute("update ops.breach set cleared_because = 'met' where cleared_because = 'data_corrected'")
    op.drop_constraint(op.f('ck_breach_cleared_because'), 'breach', schema='ops', type_='check')
    op.create_check_constraint(op.f('ck_breach_cleared_because'), 'breach', "cleared_because in ('met', 'target_ended')", schema='ops')
    op.drop_column('breach', 'recounted_at', schema='ops')
    op.drop_index(op.f('ix_recovery_plan_retain_until'), table_name='recovery_plan', schema='ops')
    op.drop_index('ix_recovery_plan_open', table_name='recovery_plan', schema='ops')
    for name in ('closed', 'verified_by_another', 'status'):
        op.drop_constraint(op.f(f'ck_recovery_plan_{name}'), 'recovery_plan', schema='ops', type_='check')
    op.execute("update ops.recovery_plan set status = case status when 'in_action' then 'verified' when 'reopened' then 'returned' else 'closed' end where status in ('in_action', 'reopened', 'withdrawn')")
    op.create_check_constraint(op.f('ck_recovery_plan_status'), 'recovery_plan', STATUSES_BEFORE, schema='ops')
    for column in reversed(ADDED):
        op.drop_column('recovery_plan', column.name, schema='ops')
