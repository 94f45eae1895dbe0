-- One row per version of each conversation of the vendors' feeds that this run must look at, also
-- of those whose queue no service is known for, and without `received_at` of those that no customer
-- is known to have opened.
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
    {{ touched_versions(
        'stg_genesys__conversation',
        'conversation_id',
        told_in='stg_genesys__contact',
        by_queue=true
    ) }}
),

chatwoot as (
    {{ touched_versions(
        'stg_chatwoot__conversation',
        'conversation_id',
        told_in='stg_chatwoot__delivery',
        by_queue=true
    ) }}
),

qontak as (
    {{ touched_versions(
        'stg_qontak__conversation',
        'conversation_id',
        told_in='stg_qontak__delivery',
        by_queue=true
    ) }}
),

final as (
    select * from amazon_connect
    union all
    select * from genesys
    union all
    select * from chatwoot
    union all
    select * from qontak
)

select * from final
