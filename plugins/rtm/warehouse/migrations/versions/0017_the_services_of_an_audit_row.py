"""Which services a row of the audit is about"""

from alembic import op
import sqlalchemy as sa
revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

# As well as can be told afterwards: where a record is gone, its removal names the service.
KNOWN = """
insert into ops.audit_service (service_code, subject, audit_id)
select breach.service_code, entry.subject, entry.audit_id
from ops.audit as entry
inner join ops.recovery_plan as plan on plan.plan_id = entry.subject_id
inner join ops.breach as breach on breach.breach_id = plan.breach_id
where entry.subject = 'recovery_plan'
union
select removal.content ->> 'service_code', entry.subject, entry.audit_id
from ops.audit as entry
inner join ops.audit as removal
    on removal.subject = entry.subject
    and removal.subject_id = entry.subject_id
    and removal.action = 'remove'
where entry.subject = 'recovery_plan'
union
select coaching.service_code, entry.subject, entry.audit_id
from ops.audit as entry
inner join ops.coaching as coaching on coaching.coaching_id = entry.subject_id
where entry.subject = 'coaching'
union
select round.service_code, entry.subject, entry.audit_id
from ops.audit as entry
inner join ops.rotg_round as round on round.round_id = entry.subject_id
where entry.subject = 'rotg_round'
union
select uploaded_for.service_code, entry.subject, entry.audit_id
from ops.audit as entry
inner join ops.roster_upload as upload on upload.upload_id = entry.subject_id
cross join unnest(upload.service_codes) as uploaded_for (service_code)
where entry.subject = 'roster_upload'
"""
# The marts are not there yet where a site begins with this version.
KNOWN_BY_AGENT = """
do $$
begin
    if to_regclass('marts.dim_agent') is not null then
        insert into ops.audit_service (service_code, subject, audit_id)
        select agent.service_code, entry.subject, entry.audit_id
        from ops.audit as entry
        inner join ops.exception_request as request on request.request_id = entry.subject_id
        inner join marts.dim_agent as agent on agent.agent_id = request.agent_id
        where entry.subject = 'exception_request';
    end if;
end
$$
"""


def upgrade() -> None:
    # As the audit itself: the role of the pipeline may add rows and read them.
    op.execute('set role none')
    op.create_table('audit_service',
        sa.Column('service_code', sa.Text(), nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('audit_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(['audit_id'], ['ops.audit.audit_id'], name=op.f('fk_audit_service_audit_id_audit')),
        sa.PrimaryKeyConstraint('service_code', 'subject', 'audit_id', name=op.f('pk_audit_service')),
        schema='ops'
    )
    op.execute(KNOWN)
    op.execute(KNOWN_BY_AGENT)
    op.execute('grant select, insert on ops.audit_service to rtm_app')
    op.execute('grant select on ops.audit_service to rtm_loader, rtm_transformer')
    op.execute('set role rtm_app')


def downgrade() -> None:
    op.execute('set role none')
    op.drop_table('audit_service', schema='ops')
    op.execute('set role rtm_app')
