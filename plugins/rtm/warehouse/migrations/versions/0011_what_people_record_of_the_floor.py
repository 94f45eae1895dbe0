"""What people record at the desk: requests for exceptions, uploads of rosters"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('exception_request',
        sa.Column('request_id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('start_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('reason_code', sa.Text(), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('status', sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column('requested_by', sa.Text(), nullable=False),
        sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('decided_by', sa.Text(), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('note', sa.Text(), nullable=True),
        sa.CheckConstraint('start_at < end_at', name=op.f('ck_exception_request_ends_after_start')),
        sa.CheckConstraint("status in ('waiting', 'approved', 'rejected', 'withdrawn')", name=op.f('ck_exception_request_status')),
        sa.CheckConstraint('decided_by <> requested_by and decided_by <> agent_id', name=op.f('ck_exception_request_decided_by_another')),
        sa.CheckConstraint("status not in ('approved', 'rejected') or decided_by is not null", name=op.f('ck_exception_request_decided')),
        sa.PrimaryKeyConstraint('request_id', name=op.f('pk_exception_request')),
        schema='ops'
    )
    op.create_index('ix_exception_request_once', 'exception_request', ['agent_id', 'start_at', 'end_at'], unique=True, schema='ops', postgresql_where=sa.text("status in ('waiting', 'approved')"))

    op.create_table('roster_upload',
        sa.Column('upload_id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('file_name', sa.Text(), nullable=False),
        sa.Column('original_name', sa.Text(), nullable=False),
        sa.Column('content_sha256', sa.Text(), nullable=False),
        sa.Column('size_bytes', sa.BigInteger(), nullable=False),
        sa.Column('service_codes', postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column('uploaded_by', sa.Text(), nullable=False),
        sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('upload_id', name=op.f('pk_roster_upload')),
        sa.UniqueConstraint('file_name', name=op.f('uq_roster_upload_file_name')),
        schema='ops'
    )


def downgrade() -> None:
    op.drop_table('roster_upload', schema='ops')
    op.drop_table('exception_request', schema='ops')
