-- One row per holiday of one service, or of all services (service_code is null).
select
    holiday.date::date as holiday_date,
    holiday.holiday_name,
    holiday.service_code,
    holiday._load_id
from {{ source('raw', 'holiday') }} as holiday
