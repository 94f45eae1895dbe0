-- One row per delivered version of a call.
select
    ledger.feed,
    call.call_id,
    call.service_code,
    lower(call.direction) as direction,
    {{ instant('call.arrived_at', 'service.timezone') }} as arrived_at,
    {{ instant('call.queued_at', 'service.timezone') }} as queued_at,
    {{ instant('call.answered_at', 'service.timezone') }} as answered_at,
    {{ instant('call.left_at', 'service.timezone') }} as left_at,
    {{ instant('call.ended_at', 'service.timezone') }} as ended_at,
    null::text as source,
    call.agent_id as external_agent_id,
    lower(call.outcome) as outcome,
    {{ number('call.talk_s') }} as talk_s,
    {{ number('call.hold_s') }} as hold_s,
    {{ number('call.acw_s') }} as acw_s,
    {{ instant('call.updated_at', 'service.timezone') }} as updated_at,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    call._row as delivered_row,
    call._load_id
from {{ source('raw', 'call') }} as call
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = call._file_id
inner join {{ source('raw', 'service') }} as service on service.service_code = call.service_code
