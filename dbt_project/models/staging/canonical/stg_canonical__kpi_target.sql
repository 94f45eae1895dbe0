-- One row per service, channel, KPI and first day of validity.
select
    {{ kpi_target_cells('kpi_target') }},
    kpi_target._load_id
from {{ source('raw', 'kpi_target') }} as kpi_target
