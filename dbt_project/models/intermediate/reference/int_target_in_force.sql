-- One row per service, channel and KPI whose target is in force on the local date.
{{ config(materialized='view') }}

select distinct on (target.service_code, target.channel, target.kpi)
    target.*,
    {{ told_by('target') }} as told_by,
    service.timezone,
    service.has_opening_hours
from {{ ref('stg_canonical__kpi_target') }} as target
inner join {{ ref('int_service') }} as service on service.service_code = target.service_code
where ({{ built_as_of() }} at time zone service.timezone)::date
    between target.effective_from and coalesce(target.effective_to, 'infinity')
order by target.service_code, target.channel, target.kpi, target.effective_from desc
