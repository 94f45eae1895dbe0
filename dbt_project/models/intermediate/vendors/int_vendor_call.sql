-- One row per version of each call of the vendors' feeds that this run must look at, also of those
-- whose queue no service is known for.
with

asterisk as (
    {{ touched_versions(
        'stg_asterisk__call', 'call_id', told_in='stg_asterisk__call_line', by_queue=true
    ) }}
),

amazon_connect as (
    {{ touched_versions(
        'stg_amazon_connect__call', 'call_id', told_in='stg_amazon_connect__chain', by_queue=true
    ) }}
),

genesys as (
    {{ touched_versions(
        'stg_genesys__call', 'call_id', told_in='stg_genesys__contact', by_queue=true
    ) }}
),

final as (
    select * from asterisk
    union all
    select * from amazon_connect
    union all
    select * from genesys
)

select * from final
