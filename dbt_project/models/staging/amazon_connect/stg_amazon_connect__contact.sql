-- One row per contact record, in the version that was updated last. `chain_id` is the contact with
-- which the customer came: transfers make records of their own that name it.
select distinct on (coalesce(contact.initial_contact_id, contact.contact_id), contact.contact_id)
    coalesce(contact.initial_contact_id, contact.contact_id) as chain_id,
    contact.contact_id,
    upper(contact.channel) as channel,
    upper(contact.initiation_method) as initiation_method,
    upper(contact.disconnect_reason) as disconnect_reason,
    contact.queue,
    contact.username as external_agent_id,
    -- Instants
    contact.initiated_at::timestamptz as initiated_at,
    contact.enqueued_at::timestamptz as enqueued_at,
    contact.dequeued_at::timestamptz as dequeued_at,
    contact.connected_at::timestamptz as connected_at,
    contact.responded_at::timestamptz as responded_at,
    contact.transferred_at::timestamptz as transferred_at,
    contact.acw_started_at::timestamptz as acw_started_at,
    contact.disconnected_at::timestamptz as disconnected_at,
    contact.updated_at::timestamptz as updated_at,
    -- Durations
    {{ number('contact.interaction_s') }} as interaction_s,
    {{ number('contact.hold_s') }} as hold_s,
    {{ number('contact.acw_s') }} as acw_s,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    contact._row as delivered_row,
    contact._load_id
from {{ source('raw', 'amazon_connect_contact') }} as contact
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = contact._file_id
order by
    coalesce(contact.initial_contact_id, contact.contact_id),
    contact.contact_id,
    contact.updated_at::timestamptz desc nulls last,
    ledger.arrived_at desc,
    ledger.file_name desc,
    contact._row desc
