"""In which feed's tables the rows of a file are, and which mapping read it"""

from alembic import op
import sqlalchemy as sa
revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('file_ledger', sa.Column('lands_in', sa.Text(), nullable=True), schema='ops')
    op.add_column('file_ledger', sa.Column('mapping_digest', sa.Text(), nullable=True), schema='ops')
    op.execute('update ops.file_ledger set lands_in = feed')
    op.alter_column('file_ledger', 'lands_in', nullable=False, schema='ops')
    op.create_index(op.f('ix_file_ledger_lands_in_arrived_at'), 'file_ledger', ['lands_in', 'arrived_at'], unique=False, schema='ops')


def downgrade() -> None:
    op.drop_index(op.f('ix_file_ledger_lands_in_arrived_at'), table_name='file_ledger', schema='ops')
    op.drop_column('file_ledger', 'mapping_digest', schema='ops')
    op.drop_column('file_ledger', 'lands_in', schema='ops')
