-- One row per agent with an approved exception: all the time that is excepted. Of several versions
-- of an exception the highest updated_at holds, then the later delivery.
{{ config(materialized='view') }}

with

holding as (
    {{ version_that_holds(ref('stg_canonical__exception'), ['exception_id']) }}
)

select
    holding.agent_id,
    range_agg(tstzrange(holding.start_at, holding.end_at)) as excepted
from holding
where holding.is_approved and holding.start_at < holding.end_at
group by holding.agent_id
