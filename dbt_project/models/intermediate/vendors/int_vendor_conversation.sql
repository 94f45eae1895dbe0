-- One row per version of each conversation of the vendors' feeds that this run must look at, also
-- of those whose queue no service is known for.
{{ config(materialized='table', incremental_strategy=none) }}

with

amazon_connect as (
    {{ touched_versions(
        'stg_amazon_connect__conversation',
        'conversation_id',
        told_in='stg_amazon_connect__chain',
        by_queue=true
    ) }}
),

genesys as (
    {{ touched_versions('stg_genesys__conversation', 'conversation_id', by_queue=true) }}
),

final as (
    select * from amazon_connect
    union all
    select
        genesys.feed,
        genesys.conversation_id,
        genesys.service_code,
        genesys.channel,
        genesys.received_at,
        genesys.assigned_at,
        genesys.first_response_at,
        genesys.closed_at,
        genesys.source,
        genesys.external_agent_id,
        genesys.updated_at,
        genesys.delivered_at,
        genesys.delivered_file,
        genesys.delivered_row,
        genesys._load_id,
        genesys.queue
    from genesys
)

select * from final
