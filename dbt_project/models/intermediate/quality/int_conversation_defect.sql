-- depends_on: {{ ref('int_conversation_touched') }}
-- One row per conversation and kind of defect in the version that holds. `after_as_of` is a
-- candidate: its reader asks whether the time still lies after the clock.
{{
    config(
        meta={'touched': 'int_conversation_touched', 'by': ['feed', 'conversation_id']},
        indexes=[{'columns': ['feed', 'conversation_id']}],
    )
}}

with

versions as (
    {{ version_that_holds(ref('int_conversation_arrival'), ['feed', 'conversation_id']) }}
),

holding as (
    select
        versions.*,
        greatest(
            versions.received_at,
            versions.assigned_at,
            versions.first_response_at,
            versions.closed_at
        ) as latest_at
    from versions
),

placed as (
    select
        holding.*,
        holding.latest_at > {{ as_of() }} as is_early
    from holding
),

final as (
    select
        placed.feed,
        placed.conversation_id,
        defect.kind,
        placed.service_code,
        case when defect.kind = 'after_as_of' then placed.latest_at else placed.received_at end
            as occurred_at,
        defect.detail,
        placed.delivered_file,
        placed.delivered_row
    from placed
    cross join
        lateral (
            values
            (
                'answered_before_received',
                placed.first_response_at < placed.received_at,
                {{ told_seconds('answered %s s before it was received',
                    'placed.first_response_at', 'placed.received_at') }}
            ),
            (
                'closed_before_received',
                placed.closed_at < placed.received_at,
                {{ told_seconds('closed %s s before it was received', 'placed.closed_at',
                    'placed.received_at') }}
            ),
            (
                'after_as_of',
                placed.is_early,
                case placed.latest_at
                    when placed.closed_at then 'closed_at'
                    when placed.first_response_at then 'first_response_at'
                    when placed.assigned_at then 'assigned_at'
                    else 'received_at'
                end || ' lies after as_of'
            )
        ) as defect (kind, applies, detail)
    where defect.applies
)

select * from final
