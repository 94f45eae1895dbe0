-- One row per kept delivery of a KPI target.
select
    {{ kpi_target_cells('delivery') }},
    delivery._arrived_at,
    delivery._file_name,
    delivery._row,
    delivery._file_id,
    delivery._load_id
from {{ source('raw', 'kpi_target_delivery') }} as delivery
