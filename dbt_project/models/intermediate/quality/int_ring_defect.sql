-- One row per ring and kind of defect in the version that holds.
{{ config(materialized='view') }}

with

rings as not materialized (
    select * from {{ ref('int_ring') }}
),

final as (
    select
        rings.feed,
        concat_ws('/', rings.call_id, rings.ring_id) as row_key,
        'stopped_before_rang' as kind,
        rings.service_code,
        rings.rang_at as occurred_at,
        {{ told_seconds('stopped %s s before it rang', 'rings.stopped_at', 'rings.rang_at') }}
            as detail,
        rings.delivered_file,
        rings.delivered_row
    from rings
    where rings.is_backwards
    union all
    select
        rings.feed,
        concat_ws('/', rings.call_id, rings.ring_id),
        'after_as_of',
        rings.service_code,
        rings.settles_at,
        case when rings.stopped_at > rings.rang_at then 'stopped_at' else 'rang_at' end
        || ' lies after as_of',
        rings.delivered_file,
        rings.delivered_row
    from rings
    where rings.settles_at > {{ built_as_of() }}
)

select * from final
