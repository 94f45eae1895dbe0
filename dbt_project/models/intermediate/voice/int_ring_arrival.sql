-- One row per version of each ring of a call of which a ring was delivered.
{{ config(materialized='view', incremental_strategy=none) }}

-- A rebuild reads them through
select version.*
from {{ ref('stg_canonical__ring') }} as version
where (select clock.load_from from {{ clock() }} as clock) = 0
union all
-- Otherwise each call by itself, by index: the planner does not know how few have arrived
select version.*
from {{ ref('int_ring_touched') }} as touched
inner join lateral (
    select delivered.*
    from {{ ref('stg_canonical__ring') }} as delivered
    where delivered.call_id = touched.call_id
    order by delivered.delivered_row
    offset 0
) as version on true
where (select clock.load_from from {{ clock() }} as clock) > 0
