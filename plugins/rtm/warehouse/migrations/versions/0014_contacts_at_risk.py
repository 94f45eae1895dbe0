"""How many contacts of a missed target were still waiting, at risk of being lost"""

from alembic import op
import sqlalchemy as sa
revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'breach',
        sa.Column('at_risk', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
        schema='ops',
    )
    op.add_column('breach', sa.Column('at_risk_s', sa.Numeric(), nullable=True), schema='ops')


def downgrade() -> None:
    op.drop_column('breach', 'at_risk_s', schema='ops')
    op.drop_column('breach', 'at_risk', schema='ops')
