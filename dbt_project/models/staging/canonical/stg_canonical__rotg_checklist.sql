-- One row per item of the checklist of the floor that the site states, or has switched off.
select
    lower(item.item_code) as item_code,
    {{ number('item.item_no') }} as item_no,
    item.item_name,
    coalesce(item.item_name_indonesian, item.item_name) as item_name_indonesian,
    coalesce(lower(item.severity), 'warning') as severity,
    coalesce({{ truth('item.is_active') }}, true) as is_active
from {{ source('raw', 'rotg_checklist') }} as item
