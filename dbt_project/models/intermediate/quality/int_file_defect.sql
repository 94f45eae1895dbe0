-- One row per delivered row or whole file in quarantine, per column that no feed knows, and per
-- value that the models give no meaning to. What a cell held is not told where it may be anything:
-- nobody knows whose number stands in it.
{{ config(materialized='view') }}

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

meaningless as (
    select
        ledger.feed,
        ledger.file_id,
        ledger.file_name,
        ledger.arrived_at,
        said.column_name,
        told.key as told,
        told.value as occurrences,
        row_number() over (
            partition by ledger.file_id, said.column_name order by told.key
        ) as place
    from ledger
    cross join jsonb_each(ledger.unknown_values) as said (column_name, counted)
    cross join jsonb_each_text(said.counted) as told
    where ledger.unknown_values <> '{}'
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
    union all
    select
        'unknown_value',
        meaningless.feed,
        concat_ws('/', 'file', meaningless.file_id, meaningless.column_name, meaningless.place),
        meaningless.arrived_at,
        format(
            '%s %s is not known: %s rows are kept and count for nothing',
            meaningless.column_name,
            case
                when meaningless.told ~ '^[A-Za-z_]{1,40}$' then meaningless.told
                else '(withheld)'
            end,
            meaningless.occurrences
        ),
        meaningless.file_name,
        null
    from meaningless
)

select * from final
