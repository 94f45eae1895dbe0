"""What the people of a large centre have written at the desk in so many days: breaches with their
plans, the audit of each step, mails, coaching, exceptions, rounds of the floor. Written by set, so
that pages can be timed over as much as a site has after a quarter.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

PLANS_A_DAY = 2
MAILS_A_PLAN = 6
EXCEPTIONS_A_DAY = 5
ROUNDS_A_DAY = 3

BREACHES = text(
    """
    insert into ops.breach
        (service_code, channel, kpi, started_at, detected_at, cleared_at, cleared_because,
         comparator, target, observed, numerator, denominator, severity)
    select
        service.service_code, 'voice', 'scr', at - interval '30 minutes', at,
        at + interval '50 minutes', 'met', '>=', 95, 80 + n, 80 + n, 100,
        case n when 1 then 'critical' else 'warning' end
    from marts.dim_service as service
    cross join generate_series(1, cast(:days as int)) as day
    cross join generate_series(1, cast(:a_day as int)) as n
    cross join lateral (
        select cast(:as_of as timestamptz) - day * interval '1 day' - n * interval '3 hours' as at
    ) as detected
    """
)

PLANS = text(
    """
    insert into ops.recovery_plan
        (breach_id, revision, status, status_since, facts, cause_category, whys, correction,
         corrective_action, responsible, due_at, evidence, created_at, submitted_at, verified_at,
         started_at, done_at, closed_at, author, contributors, verifier, is_effective,
         effect_known_at, retain_until)
    select
        breach.breach_id, 6, 'closed', ends.at,
        jsonb_build_object('formula', 'scr/1', 'agents_absent', 3, 'agents_late', 2),
        'attendance', array['Tiga orang sakit', 'Cadangan belum dipanggil'],
        'Panggil cadangan', 'Perbarui daftar cadangan', leader.agent_id,
        breach.detected_at + interval '2 hours', 'Cadangan masuk pukul sepuluh',
        breach.detected_at, breach.detected_at + interval '10 minutes',
        breach.detected_at + interval '20 minutes', breach.detected_at + interval '25 minutes',
        breach.detected_at + interval '1 hour', ends.at, leader.agent_id,
        array[leader.agent_id], coordinator.agent_id, true,
        breach.detected_at + interval '2 hours', ends.at::date + 730
    from ops.breach as breach
    inner join marts.dim_team as team on team.service_code = breach.service_code
    inner join marts.dim_agent as leader on leader.agent_id = team.team_leader_id
    inner join marts.dim_agent as coordinator on coordinator.agent_id = team.coordinator_id
    cross join lateral (select breach.detected_at + interval '3 hours' as at) as ends
    where not exists (
        select from ops.recovery_plan as plan where plan.breach_id = breach.breach_id
    )
        and breach.cleared_at is not null
    """
)

STEPS = text(
    """
    with steps as (
        insert into ops.audit (at, actor, subject, subject_id, action, content)
        select
            step.at, step.actor, 'recovery_plan', plan.plan_id, step.action,
            jsonb_build_object('changed', jsonb_build_object('status', array['before', 'after']))
        from ops.recovery_plan as plan
        cross join lateral (
            values
                (1, plan.created_at, 'rtm', 'draft'),
                (2, plan.submitted_at, plan.author, 'submit'),
                (3, plan.verified_at, plan.verifier, 'verify'),
                (4, plan.started_at, plan.author, 'start'),
                (5, plan.done_at, plan.author, 'finish'),
                (6, plan.effect_known_at, 'rtm', 'judge'),
                (7, plan.closed_at, plan.verifier, 'close')
        ) as step (number, at, actor, action)
        where plan.status = 'closed'
        order by plan.plan_id, step.number
        returning audit_id, subject, subject_id
    )

    insert into ops.audit_service (service_code, subject, audit_id)
    select breach.service_code, steps.subject, steps.audit_id
    from steps
    inner join ops.recovery_plan as plan on plan.plan_id = steps.subject_id
    inner join ops.breach as breach on breach.breach_id = plan.breach_id
    """
)

MAILS = text(
    """
    insert into ops.outbox
        (dedupe_key, kind, recipient, subject, body_text, body_html, thread, state, attempts,
         created_at, next_attempt_at, sent_at, smtp_answer)
    select
        'history:' || plan.plan_id || ':' || n, 'breach', 'k' || n || '@bank.example',
        '[RTM] Service: SCR', repeat('Target tidak tercapai. ', 40),
        repeat('<p>Target tidak tercapai.</p>', 60), 'breach-' || plan.breach_id, 'sent', 1,
        plan.created_at, plan.created_at, plan.created_at, '250 accepted'
    from ops.recovery_plan as plan
    cross join generate_series(1, cast(:a_plan as int)) as n
    where plan.status = 'closed'
    """
)

MATTERS = text(
    """
    insert into ops.agent_breach
        (breach_id, service_code, agent_id, roster_date, shift_code, matter, subject, kpi,
         started_at, detected_at, cleared_at, cleared_because, comparator, target, observed,
         severity, recounted_at)
    select
        nextval('ops.breach_breach_id_seq'), team.service_code, agent.agent_id,
        (at at time zone 'UTC')::date, 'P', 'late_login', '', 'login_compliance', at, at, at,
        'over', '<=', 300, 900, 'warning', at
    from marts.dim_agent as agent
    inner join marts.dim_team as team on team.team_code = agent.team_code
    cross join generate_series(10, cast(:days as int), 10) as day
    cross join lateral (select cast(:as_of as timestamptz) - day * interval '1 day' as at) as late
    where agent.role = 'agent'
    on conflict do nothing
    """
)

COACHING = text(
    """
    insert into ops.coaching
        (service_code, agent_id, status, status_since, proposed_step, proposed_step_no,
         proposed_at, step, step_no, decided_at, decided_by, follow_up_due_at, lapses_at)
    select
        team.service_code, agent.agent_id, 'issued', at, 'reminder', 1, at, 'reminder', 1, at,
        team.team_leader_id, at + interval '7 days', at + interval '30 days'
    from marts.dim_agent as agent
    inner join marts.dim_team as team on team.team_code = agent.team_code
    cross join generate_series(30, cast(:days as int), 30) as day
    cross join lateral (select cast(:as_of as timestamptz) - day * interval '1 day' as at) as given
    where agent.role = 'agent'
    """
)

EVIDENCE = text(
    """
    insert into ops.coaching_evidence (coaching_id, breach_id, attached_at)
    select coaching.coaching_id, matter.breach_id, coaching.proposed_at
    from ops.coaching as coaching
    inner join ops.agent_breach as matter
        on matter.agent_id = coaching.agent_id
        and matter.detected_at <= coaching.proposed_at
        and matter.detected_at > coaching.proposed_at - interval '30 days'
    on conflict do nothing
    """
)

EXCEPTIONS = text(
    """
    insert into ops.exception_request
        (agent_id, start_at, end_at, reason_code, reason, status, requested_by, requested_at,
         decided_by, decided_at)
    select
        picked.agent_id, at, at + interval '2 hours', 'health', 'Kontrol kesehatan', 'approved',
        picked.team_leader_id, at - interval '1 day', picked.coordinator_id, at - interval '2 hours'
    from generate_series(1, cast(:days as int)) as day
    cross join lateral (
        select agent.agent_id, team.team_leader_id, team.coordinator_id,
            row_number() over (partition by team.team_code order by hashtext(agent.agent_id || day))
                as place
        from marts.dim_agent as agent
        inner join marts.dim_team as team on team.team_code = agent.team_code
        where agent.role = 'agent'
    ) as picked
    cross join lateral (select cast(:as_of as timestamptz) - day * interval '1 day' as at) as begun
    where picked.place <= :a_day
    """
)

ROUNDS = text(
    """
    insert into ops.rotg_round
        (service_code, roster_date, shift_code, team_code, items, checked_by, checked_at)
    select
        team.service_code, (at at time zone 'UTC')::date, 'P', team.team_code,
        (select array_agg(item_code) from marts.rpt_rotg_item where is_active),
        team.team_leader_id, at
    from marts.dim_team as team
    cross join generate_series(1, cast(:days as int)) as day
    cross join generate_series(1, cast(:a_day as int)) as n
    cross join lateral (
        select cast(:as_of as timestamptz) - day * interval '1 day' - n * interval '2 hours' as at
    ) as checked
    """
)


def write_paperwork(connection: Connection, as_of: datetime, days: int) -> str:
    """Fills the tables of `ops` with so many days before `as_of`; returns what is in them."""
    span = {"as_of": as_of, "days": days}
    connection.execute(BREACHES, {**span, "a_day": PLANS_A_DAY})
    connection.execute(PLANS)
    connection.execute(STEPS)
    connection.execute(MAILS, {"a_plan": MAILS_A_PLAN})
    for statement in (MATTERS, COACHING, EVIDENCE):
        connection.execute(statement, span)
    connection.execute(EXCEPTIONS, {**span, "a_day": EXCEPTIONS_A_DAY})
    connection.execute(ROUNDS, {**span, "a_day": ROUNDS_A_DAY})
    counted = (
        f"{connection.execute(text(f'select count(*) from ops.{table}')).scalar_one():,} {told}"
        for table, told in (
            ("recovery_plan", "plans"),
            ("audit", "audit rows"),
            ("outbox", "mails"),
            ("coaching", "coaching steps"),
            ("exception_request", "exceptions"),
            ("rotg_round", "rounds"),
        )
    )
    return ", ".join(counted)
