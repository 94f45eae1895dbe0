-- One row per delivered row or whole file in quarantine, and per column that no feed knows. What a
-- cell held is not told: nobody knows whose number stands in it.
{{ config(materialized='view', incremental_strategy=none) }}

with

ledger as not materialized (
    select * from {{ source('ops', 'file_ledger') }}
),

quarantined as (
    select
        quarantine.quarantine_id,
        quarantine.feed,
        quarantine.reason,
        quarantine.row_number,
        ledger.file_name,
        ledger.arrived_at,
        case
            when quarantine.waits_for is not null then 'quarantined_service'
            when quarantine.row_number is null then 'quarantined_file'
            when quarantine.reason ~ '^[^ :]+: is empty$' then 'quarantined_empty'
            when quarantine.reason ~ '^[^ :]+: E?''.*'' is ' then 'quarantined_cell'
            else 'quarantined_row'
        end as kind
    from {{ source('ops', 'quarantine') }} as quarantine
    inner join ledger on ledger.file_id = quarantine.file_id
    where quarantine.released_at is null
),

unknown as (
    select
        ledger.feed,
        ledger.file_id,
        ledger.file_name,
        ledger.arrived_at,
        header.column_name,
        header.place
    from ledger
    cross join unnest(ledger.unknown_columns) with ordinality as header (column_name, place)
    where ledger.unknown_columns <> '{}'
),

final as (
    select
        quarantined.kind,
        quarantined.feed,
        'quarantine/' || quarantined.quarantine_id as row_key,
        quarantined.arrived_at as occurred_at,
        case quarantined.kind
            when 'quarantined_service' then 'names a service that is not known (yet)'
            when 'quarantined_file'
                then coalesce(
                    substring(quarantined.reason from '^(missing columns: [^;]*);'),
                    'the file as a whole cannot be read'
                )
            when 'quarantined_empty' then split_part(quarantined.reason, ':', 1) || ' is empty'
            when 'quarantined_cell'
                then split_part(quarantined.reason, ':', 1) || ' cannot be read'
            else 'cannot be read as a row of this feed'
        end as detail,
        quarantined.file_name as delivered_file,
        quarantined.row_number as delivered_row
    from quarantined
    union all
    select
        'unknown_column',
        unknown.feed,
        concat_ws('/', 'file', unknown.file_id, unknown.place),
        unknown.arrived_at,
        -- Without a header, the first row stands in its place
        case
            when unknown.column_name ~ '[0-9]{4}|@' then 'a column whose name is withheld'
            else format('column %s', unknown.column_name)
        end || ' is not one of this feed; it was ignored',
        unknown.file_name,
        null
    from unknown
)

select * from final
