-- One row per agent with an approved exception: all the time that is excepted. Of several versions
-- of an exception the highest updated_at holds, then the later delivery.
{{ config(materialized='view', incremental_strategy=none) }}

with

holding as (
    select distinct on (version.exception_id) version.*
    from {{ ref('stg_canonical__exception') }} as version
    order by
        version.exception_id,
        version.updated_at desc nulls last,
        version.delivered_at desc,
        version.delivered_file desc,
        version.delivered_row desc
)

select
    holding.agent_id,
    range_agg(tstzrange(holding.start_at, holding.end_at)) as excepted
from holding
where holding.is_approved and holding.start_at < holding.end_at
group by holding.agent_id
