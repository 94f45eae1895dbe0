-- One row per call, in the version that holds: the highest updated_at, then the later delivery.
{{
    config(
        meta={'touched': 'int_call_arrival', 'by': ['feed', 'call_id']},
        indexes=[
            {'columns': ['feed', 'call_id'], 'unique': true},
            {'columns': ['service_code', 'interval_start']},
            {'columns': ['offered_at']},
            {'columns': ['settles_at']},
            {'columns': ['external_agent_id', 'service_code', 'answered_at']},
        ],
    )
}}

with

holding as (
    {{ version_that_holds(ref('int_call_arrival'), ['feed', 'call_id']) }}
),

final as (
    select
        holding.feed,
        holding.call_id,
        holding.service_code,
        holding.direction,
        holding.interval_start,
        holding.outcome,
        -- The agent who handled it, under the id that the source gave
        holding.source,
        holding.external_agent_id,
        -- Instants
        holding.arrived_at,
        holding.queued_at,
        holding.offered_at,
        holding.answered_at,
        coalesce(
            holding.left_at, case when holding.outcome = 'abandoned' then holding.ended_at end
        ) as left_at,
        holding.ended_at,
        -- Durations
        holding.talk_s,
        holding.hold_s,
        holding.acw_s,
        -- From this clock on, nothing but a new delivery can change what the call counts for. A
        -- call that never ends is lost after four hours.
        case
            when holding.outcome = 'open'
                or (holding.outcome = 'answered' and holding.ended_at is null)
                then greatest(
                    holding.offered_at + interval '4 hours',
                    holding.interval_start + {{ interval_length() }},
                    holding.answered_at
                )
            when holding.outcome = 'answered'
                then greatest(
                    holding.interval_start + {{ interval_length() }},
                    holding.answered_at,
                    holding.ended_at
                )
            else
                greatest(
                    holding.interval_start + {{ interval_length() }},
                    holding.left_at,
                    case when holding.outcome = 'abandoned' then holding.ended_at end
                )
        end as settles_at
    from holding
)

select * from final
