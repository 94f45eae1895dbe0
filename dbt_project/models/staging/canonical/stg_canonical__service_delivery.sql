-- One row per kept delivery of a service.
select
    {{ service_cells('delivery') }},
    delivery._arrived_at,
    delivery._file_name,
    delivery._row,
    delivery._file_id,
    delivery._load_id
from {{ source('raw', 'service_delivery') }} as delivery
