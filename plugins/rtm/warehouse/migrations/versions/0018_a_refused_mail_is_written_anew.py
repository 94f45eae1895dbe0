"""A refused mail is found by its address, and one that was written anew says so"""

from alembic import op
import sqlalchemy as sa
revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('outbox', sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=True), schema='ops')
    op.create_index('ix_outbox_refused', 'outbox', ['recipient'], unique=False, schema='ops', postgresql_where=sa.text("state = 'refused'"))


def downgrade() -> None:
    op.drop_index('ix_outbox_refused', table_name='outbox', schema='ops', postgresql_where=sa.text("state = 'refused'"))
    op.drop_column('outbox', 'replaced_at', schema='ops')
