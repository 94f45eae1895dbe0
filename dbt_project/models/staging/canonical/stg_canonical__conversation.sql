-- One row per delivered version of a conversation.
select
    ledger.feed,
    conversation.conversation_id,
    conversation.service_code,
    conversation.channel,
    {{ instant('conversation.received_at', 'service.timezone') }} as received_at,
    {{ instant('conversation.assigned_at', 'service.timezone') }} as assigned_at,
    {{ instant('conversation.first_response_at', 'service.timezone') }} as first_response_at,
    {{ instant('conversation.closed_at', 'service.timezone') }} as closed_at,
    null::text as source,
    conversation.agent_id as external_agent_id,
    {{ instant('conversation.updated_at', 'service.timezone') }} as updated_at,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    conversation._row as delivered_row,
    conversation._load_id
from {{ source('raw', 'conversation') }} as conversation
inner join {{ source('ops', 'file_ledger') }} as ledger
    on ledger.file_id = conversation._file_id
inner join {{ source('raw', 'service') }} as service
    on service.service_code = conversation.service_code
