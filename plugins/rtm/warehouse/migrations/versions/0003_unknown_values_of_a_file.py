"""Which values of a file the models give no meaning to"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('file_ledger', sa.Column('unknown_values', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False), schema='ops')


def downgrade() -> None:
    op.drop_column('file_ledger', 'unknown_values', schema='ops')
