-- One row per row of a delivered roster, published or not.
select
    roster._file_id as file_id,
    roster._row as row_number,
    roster.service_code,
    roster.agent_id,
    roster.roster_date::date as roster_date,
    roster.shift_code,
    coalesce(lower(roster.function), 'agent') as function,
    {{ instant('roster.start_at', 'service.timezone') }} as start_at,
    {{ instant('roster.end_at', 'service.timezone') }} as end_at
from {{ source('raw', 'roster') }} as roster
inner join {{ source('raw', 'service') }} as service
    on service.service_code = roster.service_code
