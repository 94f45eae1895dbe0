-- One row per service, channel, KPI and first day of validity.
select
    kpi_target.service_code,
    kpi_target.channel,
    split_part(kpi_target.kpi, '/', 1) as kpi,
    coalesce(nullif(split_part(kpi_target.kpi, '/', 2), '')::int, 1) as formula_version,
    kpi_target.comparator,
    {{ number('kpi_target.target') }} as target,
    {{ number('kpi_target.critical') }} as critical,
    {{ number('kpi_target.threshold_s') }} as threshold_s,
    {{ number('kpi_target.window_min') }} as window_min,
    {{ number('kpi_target.min_volume') }} as min_volume,
    kpi_target.effective_from::date as effective_from,
    kpi_target.effective_to::date as effective_to,
    kpi_target._load_id
from {{ source('raw', 'kpi_target') }} as kpi_target
