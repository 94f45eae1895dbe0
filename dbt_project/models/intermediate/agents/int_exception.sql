-- One row per agent with an approved exception: all the time that is excepted.
{{ config(materialized='view') }}

select
    exception.agent_id,
    range_agg(tstzrange(exception.start_at, exception.end_at)) as excepted
from {{ ref('int_exception_held') }} as exception
where exception.is_approved and exception.start_at < exception.end_at
group by exception.agent_id
