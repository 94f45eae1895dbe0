"""Steps of coaching, and what they rest on"""

from alembic import op
import sqlalchemy as sa
revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('coaching',
        sa.Column('coaching_id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('revision', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
        sa.Column('service_code', sa.Text(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('status', sa.Text(), server_default=sa.text("'proposed'"), nullable=False),
        sa.Column('status_since', sa.DateTime(timezone=True), nullable=False),
        sa.Column('proposed_step', sa.Text(), nullable=False),
        sa.Column('proposed_step_no', sa.BigInteger(), nullable=False),
        sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('step', sa.Text(), nullable=True),
        sa.Column('step_no', sa.BigInteger(), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('decided_by', sa.Text(), nullable=True),
        sa.Column('reason', sa.Text(), nullable=True),
        sa.Column('follow_up_due_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('lapses_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('followed_up_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('followed_up_by', sa.Text(), nullable=True),
        sa.Column('follow_up_note', sa.Text(), nullable=True),
        sa.CheckConstraint("status in ('proposed', 'issued', 'followed_up', 'dismissed', 'withdrawn')", name=op.f('ck_coaching_status')),
        sa.CheckConstraint("(status in ('issued', 'followed_up', 'dismissed')) = (decided_by is not null)", name=op.f('ck_coaching_decided_by_a_person')),
        sa.CheckConstraint("(status in ('issued', 'followed_up')) = (step is not null)", name=op.f('ck_coaching_issued')),
        sa.CheckConstraint('num_nulls(step, step_no, follow_up_due_at, lapses_at) in (0, 4)', name=op.f('ck_coaching_step_is_whole')),
        sa.CheckConstraint('num_nulls(decided_at, decided_by) in (0, 2)', name=op.f('ck_coaching_decision_is_whole')),
        sa.CheckConstraint("(status = 'followed_up') = (followed_up_by is not null)", name=op.f('ck_coaching_followed_up')),
        sa.CheckConstraint('num_nulls(followed_up_at, followed_up_by, follow_up_note) in (0, 3)', name=op.f('ck_coaching_follow_up_is_whole')),
        sa.CheckConstraint('step_no <= proposed_step_no', name=op.f('ck_coaching_never_higher')),
        sa.CheckConstraint('decided_by <> agent_id and followed_up_by <> agent_id', name=op.f('ck_coaching_by_another')),
        sa.PrimaryKeyConstraint('coaching_id', name=op.f('pk_coaching')),
        schema='ops'
    )
    op.create_index('ix_coaching_one_proposed', 'coaching', ['agent_id', 'service_code'], unique=True, schema='ops', postgresql_where=sa.text("status = 'proposed'"))
    op.create_index(op.f('ix_coaching_agent_id_service_code'), 'coaching', ['agent_id', 'service_code'], schema='ops')
    op.create_table('coaching_evidence',
        sa.Column('coaching_id', sa.BigInteger(), nullable=False),
        sa.Column('breach_id', sa.BigInteger(), nullable=False),
        sa.Column('attached_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['breach_id'], ['ops.agent_breach.breach_id'], name=op.f('fk_coaching_evidence_breach_id')),
        sa.ForeignKeyConstraint(['coaching_id'], ['ops.coaching.coaching_id'], name=op.f('fk_coaching_evidence_coaching_id')),
        sa.PrimaryKeyConstraint('coaching_id', 'breach_id', name=op.f('pk_coaching_evidence')),
        schema='ops'
    )
    op.create_index('ix_coaching_evidence_used_once', 'coaching_evidence', ['breach_id'], unique=True, schema='ops', postgresql_where=sa.text('released_at is null'))


def downgrade() -> None:
    op.drop_table('coaching_evidence', schema='ops')
    op.drop_table('coaching', schema='ops')
