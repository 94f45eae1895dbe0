-- One row per time that a call rang at an agent's desk. A phone that could not be reached did not
-- ring: it is told as a ring of 0 ms. RINGNOANSWER counts milliseconds, CONNECT seconds.
with

rings as (
    select
        line.*,
        case line.event
            when 'RINGNOANSWER' then {{ number_if_any('line.data1') }} / 1000
            else {{ number_if_any('line.data3') }}
        end as rang_s
    from {{ ref('stg_asterisk__call_line') }} as line
    where line.event in ('RINGNOANSWER', 'CONNECT') and line.external_id is not null
)

select
    'asterisk_queue_log' as feed,
    rings.call_id,
    concat_ws('/', rings.external_id, rings.event, {{ told_instant('rings.occurred_at') }})
        as ring_id,
    named.service_code,
    'asterisk' as source,
    rings.external_id as external_agent_id,
    rings.occurred_at - make_interval(secs => rings.rang_s::double precision) as rang_at,
    rings.occurred_at as stopped_at,
    rings.event = 'CONNECT' as was_answered,
    null::timestamptz as updated_at,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    rings._row as delivered_row,
    rings._load_id
from rings
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = rings._file_id
-- By the cell as it stands: of that the planner knows that there are few, and remembers each
inner join lateral {{ service_of_queue('asterisk', 'rings.queue_cell') }} as named on true
where rings.rang_s > 0
