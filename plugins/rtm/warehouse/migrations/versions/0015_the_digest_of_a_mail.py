"""In which digest a mail went, and when one that is gone was tried last"""

from alembic import op
import sqlalchemy as sa
revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('outbox', sa.Column('digest_id', sa.BigInteger(), nullable=True), schema='ops')
    op.create_foreign_key(
        op.f('fk_outbox_digest_id'), 'outbox', 'outbox', ['digest_id'], ['mail_id'],
        source_schema='ops', referent_schema='ops', ondelete='SET NULL',
    )
    op.create_index(op.f('ix_outbox_digest_id'), 'outbox', ['digest_id'], schema='ops')
    op.create_index(
        'ix_outbox_gone', 'outbox', ['next_attempt_at'], schema='ops',
        postgresql_where=sa.text("state in ('sent', 'unconfirmed')"),
    )


def downgrade() -> None:
    op.drop_index('ix_outbox_gone', table_name='outbox', schema='ops')
    op.drop_column('outbox', 'digest_id', schema='ops')
