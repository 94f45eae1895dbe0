-- One row per delivered version of a conversation that names an agent, under the id that its source
-- gave the agent.
select
    'conversation' as feed,
    conversation.conversation_id,
    conversation.agent_id as external_agent_id,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    conversation._row as delivered_row
from {{ source('raw', 'conversation') }} as conversation
inner join {{ source('ops', 'file_ledger') }} as ledger
    on ledger.file_id = conversation._file_id
where conversation.agent_id is not null
