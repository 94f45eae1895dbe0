-- One row per time that a call rang at an agent's desk, in the version that holds: the highest
-- updated_at, then the later delivery.
{{
    config(
        meta={'touched': 'int_ring_arrival', 'by': ['feed', 'call_id']},
        indexes=[
            {'columns': ['feed', 'call_id', 'ring_id'], 'unique': true},
            {'columns': ['external_agent_id', 'service_code', 'rang_at']},
            {'columns': ['rang_at']},
            {'columns': ['settles_at']},
        ],
        post_hook=(
            "create index if not exists int_ring_backwards on {{ this }} (rang_at)"
            " where is_backwards"
        ),
    )
}}

with

holding as (
    {{ version_that_holds(ref('int_ring_arrival'), ['feed', 'call_id', 'ring_id']) }}
),

final as (
    select
        holding.feed,
        holding.call_id,
        holding.ring_id,
        holding.service_code,
        -- The agent at whose desk it rang, under the id that the source gave
        holding.source,
        holding.external_agent_id,
        -- Ringing
        holding.rang_at,
        holding.stopped_at,
        holding.was_answered,
        holding.stopped_at < holding.rang_at as is_backwards,
        -- From this clock on, nothing but a new delivery can change what the ring counts for
        greatest(holding.rang_at, holding.stopped_at) as settles_at,
        -- Delivery
        holding.delivered_file,
        holding.delivered_row
    from holding
)

select * from final
