-- One row per service and step of its ladder of coaching: as the service states it, else the site
-- for all services, else this product.
{{ config(materialized='view') }}

with

services as (
    select * from {{ ref('int_service') }}
),

steps as (
    select
        services.service_code,
        step.step_code,
        step.step_no,
        step.step_name,
        step.step_name_indonesian,
        step.lapses_after_days,
        step.follow_up_days,
        true as is_active,
        0 as closeness
    from services
    cross join {{ ref('stg_coaching__ladder') }} as step
    union all
    select
        services.service_code,
        stated.step_code,
        stated.step_no,
        stated.step_name,
        stated.step_name_indonesian,
        stated.lapses_after_days,
        stated.follow_up_days,
        stated.is_active,
        case when stated.service_code is null then 1 else 2 end as closeness
    from services
    inner join {{ ref('stg_canonical__coaching_ladder') }} as stated
        on coalesce(stated.service_code, services.service_code) = services.service_code
)

select distinct on (steps.service_code, steps.step_code)
    steps.service_code,
    steps.step_code,
    steps.step_no,
    steps.step_name,
    steps.step_name_indonesian,
    steps.lapses_after_days,
    steps.follow_up_days,
    steps.is_active
from steps
order by steps.service_code, steps.step_code, steps.closeness desc
