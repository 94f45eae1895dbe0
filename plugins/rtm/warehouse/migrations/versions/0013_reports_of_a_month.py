"""Which management reviews of a month were made"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('report',
        sa.Column('report_id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('month', sa.Date(), nullable=False),
        sa.Column('as_of', sa.DateTime(timezone=True), nullable=False),
        sa.Column('figures_sha256', sa.Text(), nullable=False),
        sa.Column('product_version', sa.Text(), nullable=False),
        sa.Column('models', sa.Text(), nullable=False),
        sa.Column('cycle_id', sa.BigInteger(), nullable=True),
        sa.Column('is_provisional', sa.Boolean(), nullable=False),
        sa.Column('formulas', postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('made_by', sa.Text(), nullable=False),
        sa.Column('files', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column('mailed_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('report_id', name=op.f('pk_report')),
        sa.UniqueConstraint('month', 'as_of', 'figures_sha256', 'product_version', 'models', name='uq_report_once'),
        schema='ops'
    )


def downgrade() -> None:
    op.drop_table('report', schema='ops')
