-- One row per delivered version of an agent event, under the id that its source gave the agent.
select
    event.event_id,
    event.source,
    event.agent_id as external_id,
    event.occurred_at as occurred_at_cell,
    lower(event.event) as event,
    lower(event.state) as state,
    event.aux_code,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    event._row as delivered_row,
    event._load_id
from {{ source('raw', 'agent_event') }} as event
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = event._file_id
