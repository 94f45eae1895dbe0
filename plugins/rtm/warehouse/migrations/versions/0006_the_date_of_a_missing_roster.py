"""For which date a breach says that there is no roster"""

from alembic import op
import sqlalchemy as sa
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

OPEN = sa.text('cleared_at is null')


def upgrade() -> None:
    op.add_column('breach', sa.Column('roster_date', sa.Date(), nullable=True), schema='ops')
    op.drop_index('ix_breach_one_open', table_name='breach', schema='ops')
    op.create_index('ix_breach_one_open', 'breach', ['service_code', 'channel', 'kpi', 'roster_date'], unique=True, schema='ops', postgresql_where=OPEN, postgresql_nulls_not_distinct=True)


def downgrade() -> None:
    op.execute("delete from ops.recovery_plan using ops.breach where breach.breach_id = recovery_plan.breach_id and breach.roster_date is not null")
    op.execute('delete from ops.breach where roster_date is not null')
    op.drop_index('ix_breach_one_open', table_name='breach', schema='ops')
    op.drop_column('breach', 'roster_date', schema='ops')
    op.create_index('ix_breach_one_open', 'breach', ['service_code', 'channel', 'kpi'], unique=True, schema='ops', postgresql_where=OPEN)
