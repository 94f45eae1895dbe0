"""Floor discipline (ROTG) and coaching, for a team leader: what was broken, which step follows,
what waits for its follow-up."""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards.age import age
from grafana.source.panels import AGENT_ID, Bars, Table, instants, numbers, said, texts
from grafana.source.variables import DESK, SERVICE, TEAM

RULES = """
select violation.rule_name{_indonesian} as label, count(*)::float8 as amount
from marts.fct_rotg_violation as violation
inner join marts.dim_agent as agent using (agent_id)
where violation.service_code in ($service) and agent.team_code = '$team'
    and $__timeFilter(roster_date)
group by violation.rule_name{_indonesian}
order by amount desc, label
"""

VIOLATIONS = """
select
    coalesce(agent.agent_name, violation.agent_id) as agent_name,
    violation.agent_id,
    violation.roster_date::text as roster_date,
    violation.shift_code,
    violation.rule_name{_indonesian} as rule,
    violation.severity,
    violation.started_at,
    violation.measured,
    violation.threshold,
    violation.unit
from marts.fct_rotg_violation as violation
inner join marts.dim_agent as agent using (agent_id)
where violation.service_code in ($service) and agent.team_code = '$team'
    and $__timeFilter(roster_date)
order by violation.started_at desc, violation.agent_id
limit 500
"""

LADDER = """
select
    service.service_name,
    step.step_no,
    step.step_name{_indonesian} as step,
    count(*) filter (where coaching.status = 'proposed') as proposed,
    count(*) filter (where coaching.status = 'issued') as issued,
    count(*) filter (where coaching.status = 'followed_up') as followed_up,
    count(*) filter (where coaching.is_in_force) as in_force,
    count(*) filter (where coaching.is_follow_up_overdue) as overdue
from marts.rpt_coaching_step as step
inner join marts.dim_service as service using (service_code)
left join marts.fct_coaching as coaching
    on coaching.service_code = step.service_code
    and coalesce(coaching.step, coaching.proposed_step) = step.step_code
where step.is_active and step.service_code in ($service)
group by service.service_name, step.step_no, step.step_name{_indonesian}
order by service.service_name, step.step_no
"""

FOLLOW_UPS = """
select
    coalesce(agent.agent_name, coaching.agent_id) as agent_name,
    coaching.agent_id,
    step.step_name{_indonesian} as step,
    coaching.status as coaching_status,
    coaching.proposed_at,
    coaching.follow_up_due_at,
    coaching.is_follow_up_overdue,
    coaching.evidence_count
from marts.fct_coaching as coaching
inner join marts.dim_agent as agent using (agent_id)
left join marts.rpt_coaching_step as step
    on step.service_code = coaching.service_code
    and step.step_code = coalesce(coaching.step, coaching.proposed_step)
where coaching.status in ('proposed', 'issued')
    and coaching.service_code in ($service) and agent.team_code = '$team'
order by coaching.follow_up_due_at nulls last, coaching.proposed_at, coaching.agent_id
"""

BOARD = Board(
    "discipline",
    (
        age(),
        Bars(id=2, name="rules", sql=RULES, width=20, height=8),
        Table(
            id=3,
            name="follow_ups",
            sql=FOLLOW_UPS,
            width=12,
            height=9,
            columns=(
                *texts("agent_name"),
                AGENT_ID,
                *texts("step"),
                said("coaching_status", "coaching"),
                *instants("proposed_at", "follow_up_due_at"),
                said("is_follow_up_overdue", "overdue", "truth"),
                *numbers("evidence_count"),
            ),
        ),
        Table(
            id=4,
            name="ladder",
            sql=LADDER,
            width=12,
            height=9,
            columns=(
                *texts("service_name"),
                *numbers("step_no"),
                *texts("step"),
                *numbers("proposed", "issued", "followed_up", "in_force", "overdue"),
            ),
        ),
        Table(
            id=5,
            name="violations",
            sql=VIOLATIONS,
            width=24,
            height=12,
            columns=(
                *texts("agent_name"),
                AGENT_ID,
                *texts("roster_date", "shift_code", "rule"),
                said("severity", "severity"),
                *instants("started_at"),
                *numbers("measured", "threshold"),
                said("unit", "unit"),
            ),
        ),
    ),
    (SERVICE, TEAM, DESK),
    range_from="now-30d/d",
    range_to="now/d",
)
