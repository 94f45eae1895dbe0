"""Files that go out with mails; where in its workbook a finding stands"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('attachment',
        sa.Column('attachment_id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('file_name', sa.Text(), nullable=False),
        sa.Column('media_type', sa.Text(), nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('attachment_id', name=op.f('pk_attachment')),
        schema='ops'
    )
    op.add_column('outbox', sa.Column('attachments', postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False), schema='ops')
    op.add_column('roster_finding', sa.Column('place', sa.Text(), nullable=True), schema='ops')


def downgrade() -> None:
    op.drop_column('roster_finding', 'place', schema='ops')
    op.drop_column('outbox', 'attachments', schema='ops')
    op.drop_table('attachment', schema='ops')
