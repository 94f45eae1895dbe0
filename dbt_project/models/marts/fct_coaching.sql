with

evidence as (
    select
        evidence.coaching_id,
        count(*) as evidence_count,
        count(*) filter (where breach.cleared_because in ('appeared', 'data_corrected'))
            as evidence_corrected,
        min(breach.started_at) as first_evidence_at,
        max(breach.started_at) as last_evidence_at
    from {{ source('ops', 'coaching_evidence') }} as evidence
    inner join {{ source('ops', 'agent_breach') }} as breach
        on breach.breach_id = evidence.breach_id
    group by evidence.coaching_id
)

select
    coaching.coaching_id,
    coaching.agent_id,
    coaching.service_code,
    coaching.status,
    coaching.proposed_step,
    coaching.step,
    -- Who and when
    coaching.proposed_at,
    coaching.decided_at,
    coaching.decided_by,
    coaching.reason,
    coaching.follow_up_due_at,
    coaching.followed_up_at,
    coaching.followed_up_by,
    coaching.follow_up_note,
    coaching.lapses_at,
    coalesce(coaching.lapses_at > {{ built_as_of() }}, false) as is_in_force,
    coaching.status = 'issued' and coaching.follow_up_due_at <= {{ built_as_of() }}
        as is_follow_up_overdue,
    -- Evidence
    coalesce(evidence.evidence_count, 0) as evidence_count,
    coalesce(evidence.evidence_corrected, 0) as evidence_corrected,
    evidence.first_evidence_at,
    evidence.last_evidence_at,
    -- Its course
    coaching.status_since,
    coaching.proposed_step_no,
    coaching.step_no,
    coaching.revision,
    -- Clock
    {{ built_as_of() }} as as_of,
    coaching.status in ('proposed', 'issued') as is_provisional
from {{ source('ops', 'coaching') }} as coaching
left join evidence on evidence.coaching_id = coaching.coaching_id
