-- One row per service and interval: how many agents the forecast asks for. A file tells no lengths,
-- so an interval lasts until the next one; where none follows within the hour, as long as the one
-- before it, else half an hour.
with

requirements as (
    select
        staffing_requirement.service_code,
        {{ instant('staffing_requirement.interval_start', 'service.timezone') }} as interval_start,
        {{ number('staffing_requirement.required_agents') }} as required_agents,
        {{ number('staffing_requirement.forecast_offered') }} as forecast_offered,
        {{ number('staffing_requirement.forecast_aht_s') }} as forecast_aht_s,
        staffing_requirement._arrived_at as delivered_at,
        staffing_requirement._file_name as delivered_file,
        staffing_requirement._row as delivered_row,
        staffing_requirement._load_id
    from {{ source('raw', 'staffing_requirement') }} as staffing_requirement
    inner join {{ source('raw', 'service') }} as service
        on service.service_code = staffing_requirement.service_code
),

-- One instant may be written in several ways, which raw holds as several rows
latest as (
    select distinct on (requirements.service_code, requirements.interval_start) requirements.*
    from requirements
    order by
        requirements.service_code,
        requirements.interval_start,
        requirements.delivered_at desc,
        requirements.delivered_file desc,
        requirements.delivered_row desc
),

spaced as (
    select
        latest.*,
        lead(latest.interval_start) over of_service - latest.interval_start as to_next,
        latest.interval_start - lag(latest.interval_start) over of_service
            as from_previous
    from latest
    window of_service as (
        partition by latest.service_code
        order by latest.interval_start
    )
),

final as (
    select
        spaced.service_code,
        spaced.interval_start,
        spaced.interval_start + case
            when spaced.to_next <= interval '1 hour' then spaced.to_next
            when spaced.from_previous <= interval '1 hour' then spaced.from_previous
            else interval '30 minutes'
        end as interval_end,
        spaced.required_agents,
        spaced.forecast_offered,
        spaced.forecast_aht_s,
        spaced._load_id
    from spaced
)

select * from final
