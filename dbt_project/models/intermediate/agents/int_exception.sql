-- One row per agent with an approved exception: all the time that is excepted.
{{ config(materialized='view', incremental_strategy=none) }}

select
    exception.agent_id,
    range_agg(tstzrange(exception.start_at, exception.end_at)) as excepted
from {{ ref('stg_canonical__exception') }} as exception
where exception.is_approved and exception.start_at < exception.end_at
group by exception.agent_id
