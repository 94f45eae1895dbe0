select
    item.item_code,
    item.item_no::double precision as item_no,
    item.item_name,
    item.item_name_indonesian,
    item.severity,
    item.is_active,
    -- Clock
    {{ built_as_of() }} as as_of,
    false as is_provisional
from {{ ref('int_rotg_item') }} as item
