"""Which words a file had, of the feeds that keep their deliveries"""

from alembic import op
import sqlalchemy as sa
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('file_ledger', sa.Column('words_digest', sa.Text(), nullable=True), schema='ops')
    op.create_index(op.f('ix_file_ledger_words_digest_arrived_at_file_name'), 'file_ledger', ['words_digest', 'arrived_at', 'file_name'], unique=False, schema='ops', postgresql_where=sa.text('words_digest is not null'))


def downgrade() -> None:
    op.drop_index(op.f('ix_file_ledger_words_digest_arrived_at_file_name'), table_name='file_ledger', schema='ops', postgresql_where=sa.text('words_digest is not null'))
    op.drop_column('file_ledger', 'words_digest', schema='ops')
