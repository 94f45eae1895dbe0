-- One row per AUX code.
select
    aux_code.aux_code,
    aux_code.aux_name,
    aux_code.category,
    60 * {{ number('aux_code.allowance_min_per_shift') }} as allowance_s,
    60 * {{ number('aux_code.max_min_per_occurrence') }} as max_occurrence_s,
    coalesce({{ truth('aux_code.is_productive') }}, false) as is_productive,
    aux_code._load_id
from {{ source('raw', 'aux_code') }} as aux_code
