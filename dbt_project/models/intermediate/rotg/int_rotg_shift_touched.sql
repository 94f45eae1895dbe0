-- One row per rostered shift whose discipline must be judged anew.
with

rules as (
    select * from {{ ref('int_rotg_rule') }}
    where rule_code in (
            'aux_over_occurrence', 'aux_unmapped', 'acw_over_limit', 'left_with_waiting'
        )
),

-- Conversations that may wait for another agent, or for another time, than before
assignments as (
    select
        version.external_agent_id,
        version.received_at,
        version.waits_until
    from {{ ref('int_conversation_arrival') }} as version
    union all
    select
        place.external_agent_id,
        place.received_at,
        place.waits_until
    from {{ ref('int_vendor_conversation_place') }} as place
    union all
    select
        conversation.external_agent_id,
        conversation.received_at,
        conversation.waits_until
    from {{ ref('int_outside_id_changed') }} as changed
    inner join {{ ref('int_conversation') }} as conversation
        on conversation.external_agent_id = changed.external_id
),

final as (
    select touched.agent_id, touched.service_code, touched.roster_date, touched.shift_code
    from {{ ref('int_shift_touched') }} as touched
    union
    -- A threshold of the service changed
    select shift.agent_id, shift.service_code, shift.roster_date, shift.shift_code
    from rules
    inner join {{ ref('int_shift') }} as shift on shift.service_code = rules.service_code
    where {{ arrived('rules') }}
    union
    -- The agent left while such a conversation waits or waited
    select facts.agent_id, facts.service_code, facts.roster_date, facts.shift_code
    from assignments
    inner join {{ ref('int_outside_id_known') }} as known
        on known.external_id = assignments.external_agent_id
    inner join {{ ref('int_shift_attendance') }} as facts
        on facts.agent_id = known.agent_id
        and facts.last_logout_at >= assignments.received_at
        and facts.last_logout_at < assignments.waits_until
)

select * from final
