"""Rounds of the floor, which are only ever added to"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

TABLES = ('rotg_round', 'rotg_finding', 'rotg_void')
GUARD = """
create function ops.guard_rotg() returns trigger language plpgsql as $$
begin
    raise exception 'ops.% is only ever added to: % refused', tg_table_name, tg_op;
end
$$
"""


def upgrade() -> None:
    # As the login: the role of the pipeline may add rows, and can neither change nor unguard them.
    op.execute('set role none')
    op.create_table('rotg_round',
        sa.Column('round_id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('service_code', sa.Text(), nullable=False),
        sa.Column('roster_date', sa.Date(), nullable=False),
        sa.Column('shift_code', sa.Text(), nullable=False),
        sa.Column('team_code', sa.Text(), nullable=False),
        sa.Column('items', postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column('note', sa.Text(), nullable=True),
        sa.Column('checked_by', sa.Text(), nullable=False),
        sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('cardinality(items) > 0', name=op.f('ck_rotg_round_looked_at_something')),
        sa.PrimaryKeyConstraint('round_id', name=op.f('pk_rotg_round')),
        schema='ops'
    )
    op.create_index('ix_rotg_round_shift', 'rotg_round', ['service_code', 'roster_date', 'shift_code', 'team_code'], schema='ops')
    op.create_table('rotg_finding',
        sa.Column('round_id', sa.BigInteger(), nullable=False),
        sa.Column('agent_id', sa.Text(), nullable=False),
        sa.Column('item_code', sa.Text(), nullable=False),
        sa.Column('note', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['round_id'], ['ops.rotg_round.round_id'], name=op.f('fk_rotg_finding_round_id')),
        sa.PrimaryKeyConstraint('round_id', 'agent_id', 'item_code', name=op.f('pk_rotg_finding')),
        schema='ops'
    )
    op.create_table('rotg_void',
        sa.Column('round_id', sa.BigInteger(), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('voided_by', sa.Text(), nullable=False),
        sa.Column('voided_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['round_id'], ['ops.rotg_round.round_id'], name=op.f('fk_rotg_void_round_id')),
        sa.PrimaryKeyConstraint('round_id', name=op.f('pk_rotg_void')),
        schema='ops'
    )
    op.execute(GUARD)
    for table in TABLES:
        op.execute(f'create trigger guard before update or delete on ops.{table} for each row execute function ops.guard_rotg()')
        op.execute(f'create trigger guard_all before truncate on ops.{table} execute function ops.guard_rotg()')
        op.execute(f'grant select, insert on ops.{table} to rtm_app')
        op.execute(f'grant select on ops.{table} to rtm_loader, rtm_transformer')
    op.execute('set role rtm_app')


def downgrade() -> None:
    op.execute('set role none')
    for table in reversed(TABLES):
        op.drop_table(table, schema='ops')
    op.execute('drop function ops.guard_rotg')
    op.execute('set role rtm_app')
