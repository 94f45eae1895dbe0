-- One row per service, with the defaults of the definitions where the site gave none.
select
    {{ service_cells('service') }},
    service._load_id
from {{ source('raw', 'service') }} as service
