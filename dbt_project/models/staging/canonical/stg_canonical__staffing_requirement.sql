-- One row per service and interval: how many agents the forecast asks for.
select
    staffing_requirement.service_code,
    {{ instant('staffing_requirement.interval_start', 'service.timezone') }} as interval_start,
    {{ number('staffing_requirement.required_agents') }} as required_agents,
    {{ number('staffing_requirement.forecast_offered') }} as forecast_offered,
    {{ number('staffing_requirement.forecast_aht_s') }} as forecast_aht_s,
    staffing_requirement._load_id
from {{ source('raw', 'staffing_requirement') }} as staffing_requirement
inner join {{ source('raw', 'service') }} as service
    on service.service_code = staffing_requirement.service_code
