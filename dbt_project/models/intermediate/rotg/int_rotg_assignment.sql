-- One row per conversation that names an agent, in the version that holds.
{{
    config(
        meta={'touched': 'int_conversation_arrival', 'by': ['feed', 'conversation_id']},
        indexes=[
            {'columns': ['feed', 'conversation_id'], 'unique': true},
            {'columns': ['external_agent_id', 'waits_until']},
        ],
    )
}}

with

holding as (
    select distinct on (version.feed, version.conversation_id) version.*
    from {{ ref('int_conversation_arrival') }} as version
    order by
        version.feed,
        version.conversation_id,
        version.updated_at desc nulls last,
        version.delivered_at desc,
        version.delivered_file desc,
        version.delivered_row desc
),

final as (
    select
        holding.feed,
        holding.conversation_id,
        assignment.external_agent_id,
        holding.received_at,
        -- On the agent's desk from here to there
        greatest(holding.received_at, holding.assigned_at) as waits_from,
        holding.waits_until
    from holding
    inner join {{ ref('stg_canonical__conversation_assignment') }} as assignment
        using (feed, conversation_id, delivered_at, delivered_file, delivered_row)
)

select * from final
