-- One row per service and roster date whose rostered times must be computed anew: a roster was
-- published, or a shift code or the service was delivered with a change.
with

published as (
    select roster_day.* from {{ source('ops', 'roster_day') }} as roster_day
),

rosters as not materialized (
    select * from {{ ref('stg_canonical__roster') }}
)

select published.service_code, published.roster_date
from published
where {{ arrived('published', 'load_id') }}
union
select rosters.service_code, rosters.roster_date
from {{ ref('stg_canonical__shift') }} as shift
inner join rosters on rosters.shift_code = shift.shift_code or rosters.is_worded
where {{ arrived('shift') }}
union
select published.service_code, published.roster_date
from {{ ref('int_service') }} as service
inner join published on published.service_code = service.service_code
where {{ arrived('service') }}
