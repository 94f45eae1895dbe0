-- depends_on: {{ ref('int_conversation_touched') }}
-- One row per conversation, in the version that holds: the highest updated_at, then the later
-- delivery.
{{
    config(
        meta={'touched': 'int_conversation_touched', 'by': ['feed', 'conversation_id']},
        indexes=[
            {'columns': ['feed', 'conversation_id'], 'unique': true},
            {'columns': ['service_code', 'channel', 'interval_start']},
            {'columns': ['received_at']},
            {'columns': ['waits_until']},
            {'columns': ['settles_at']},
            {'columns': ['waiting'], 'type': 'gist'},
            {'columns': ['external_agent_id', 'waits_until']},
        ],
    )
}}

with

holding as (
    {{ version_that_holds(ref('int_conversation_arrival'), ['feed', 'conversation_id']) }}
),

final as (
    select
        holding.feed,
        holding.conversation_id,
        holding.service_code,
        holding.channel,
        holding.interval_start,
        -- The agent it is assigned to, under the id that the source gave
        holding.source,
        holding.external_agent_id,
        -- Instants
        holding.received_at,
        holding.assigned_at,
        holding.first_response_at,
        holding.closed_at,
        holding.waits_until,
        tstzrange(holding.received_at, holding.waits_until) as waiting,
        -- From this clock on, nothing but a new delivery can change what it counts for
        greatest(
            holding.interval_start + {{ interval_length() }},
            holding.waits_until,
            holding.first_response_at
        ) as settles_at
    from holding
)

select * from final
