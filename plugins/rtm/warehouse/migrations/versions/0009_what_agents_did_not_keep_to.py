"""What agents did not keep to"""

from alembic import op
import sqlalchemy as sa
revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agent_breach',
        sa.Column('breach_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('service_code', sa.Text(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('roster_date', sa.Date(), nullable=False),
        sa.Column('shift_code', sa.Text(), nullable=False),
        sa.Column('matter', sa.Text(), nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('kpi', sa.Text(), nullable=False),
        sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('detected_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('cleared_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('cleared_because', sa.Text(), nullable=True),
        sa.Column('comparator', sa.Text(), nullable=False),
        sa.Column('target', sa.Numeric(), nullable=False),
        sa.Column('observed', sa.Numeric(), nullable=False),
        sa.Column('severity', sa.Text(), nullable=False),
        sa.Column('recounted_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(cleared_at is null) = (cleared_because is null)", name=op.f('ck_agent_breach_cleared')),
        sa.CheckConstraint("cleared_because in ('over', 'appeared', 'data_corrected')", name=op.f('ck_agent_breach_cleared_because')),
        sa.PrimaryKeyConstraint('breach_id', name=op.f('pk_agent_breach')),
        sa.UniqueConstraint('agent_id', 'service_code', 'roster_date', 'shift_code', 'matter', 'subject', name='uq_agent_breach_once'),
        schema='ops'
    )
    op.create_index(op.f('ix_agent_breach_roster_date'), 'agent_breach', ['roster_date'], schema='ops')
    op.create_index('ix_agent_breach_open', 'agent_breach', ['service_code'], schema='ops', postgresql_where=sa.text('cleared_at is null'))


def downgrade() -> None:
    op.drop_table('agent_breach', schema='ops')
