-- One row per item of the checklist of the floor: as the site states it, else as this product does.
-- One that is switched off keeps its name, for what was found before.
{{ config(materialized='view') }}

with

stated as (
    select * from {{ ref('stg_canonical__rotg_checklist') }}
),

final as (
    select
        stated.item_code,
        stated.item_no,
        stated.severity,
        stated.item_name,
        stated.item_name_indonesian,
        stated.is_active
    from stated
    union all
    select
        item.item_code,
        item.item_no,
        item.severity,
        item.item_name,
        item.item_name_indonesian,
        true
    from {{ ref('stg_rotg__item') }} as item
    where not exists (
            select from stated
            where stated.item_code = item.item_code
        )
)

select * from final
