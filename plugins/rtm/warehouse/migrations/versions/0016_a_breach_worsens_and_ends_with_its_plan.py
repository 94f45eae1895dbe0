"""Since when a breach is as severe as it is; a breach that ends as its plan is closed"""

from alembic import op
import sqlalchemy as sa
revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

REASONS = "cleared_because in ('met', 'target_ended', 'data_corrected'{})"


def upgrade() -> None:
    op.add_column(
        'breach', sa.Column('severity_since', sa.DateTime(timezone=True), nullable=True), schema='ops'
    )
    _allow(", 'plan_closed'")


def downgrade() -> None:
    op.execute(
        "update ops.breach set cleared_because = 'target_ended'"
        " where cleared_because = 'plan_closed'"
    )
    _allow('')
    op.drop_column('breach', 'severity_since', schema='ops')


def _allow(more: str) -> None:
    name = op.f('ck_breach_cleared_because')
    op.drop_constraint(name, 'breach', schema='ops')
    op.create_check_constraint(name, 'breach', REASONS.format(more), schema='ops')
