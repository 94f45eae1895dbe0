"""The mails that distributed a roster are found without reading the others"""

from alembic import op
import sqlalchemy as sa
revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_outbox_distribution', 'outbox', ['thread'], unique=False, schema='ops', postgresql_where=sa.text("kind = 'roster_distribution'"))


def downgrade() -> None:
    op.drop_index('ix_outbox_distribution', table_name='outbox', schema='ops', postgresql_where=sa.text("kind = 'roster_distribution'"))
