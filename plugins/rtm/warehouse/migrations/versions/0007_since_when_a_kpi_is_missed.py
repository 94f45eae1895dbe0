"""Since when the windows of a KPI miss its target"""

from alembic import op
import sqlalchemy as sa
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('kpi_watch',
        sa.Column('service_code', sa.Text(), nullable=False),
        sa.Column('channel', sa.Text(), nullable=False),
        sa.Column('kpi', sa.Text(), nullable=False),
        sa.Column('missed_since', sa.DateTime(timezone=True), nullable=True),
        sa.Column('recovered_since', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('service_code', 'channel', 'kpi', name=op.f('pk_kpi_watch')),
        schema='ops'
    )


def downgrade() -> None:
    op.drop_table('kpi_watch', schema='ops')
