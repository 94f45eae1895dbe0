-- One row per chat or e-mail, put together from its contact records. A record without the moment of
-- the first reply tells when an agent was connected: that stands for it.
with

legs as (
    select contact.*
    from {{ ref('stg_amazon_connect__contact') }} as contact
    where contact.channel in ('CHAT', 'EMAIL')
        and coalesce(contact.initiation_method, 'INBOUND') not in ('OUTBOUND', 'MONITOR')
),

conversations as (
    select
        legs.chain_id,
        min(lower(legs.channel)) as channel,
        (
            array_agg(
                legs.queue order by legs.enqueued_at, legs.initiated_at, legs.contact_id
            ) filter (
                where legs.queue is not null
            )
        )[1] as queue,
        (
            array_agg(
                legs.external_agent_id order by legs.connected_at desc, legs.contact_id
            ) filter (
                where legs.connected_at is not null
            )
        )[1] as external_agent_id,
        min(legs.initiated_at) as received_at,
        min(legs.connected_at) as assigned_at,
        coalesce(min(legs.responded_at), min(legs.connected_at)) as first_response_at,
        case when bool_and(legs.disconnected_at is not null) then max(legs.disconnected_at) end
            as closed_at,
        max(legs.delivered_at) as delivered_at,
        (
            array_agg(legs.delivered_file order by legs.delivered_at desc, legs.contact_id desc)
        )[1] as delivered_file,
        (
            array_agg(legs.delivered_row order by legs.delivered_at desc, legs.contact_id desc)
        )[1] as delivered_row,
        max(legs._load_id) as _load_id
    from legs
    group by legs.chain_id
)

select
    'amazon_connect_contact' as feed,
    conversations.chain_id as conversation_id,
    named.service_code,
    coalesce(named.channel, conversations.channel) as channel,
    conversations.received_at,
    conversations.assigned_at,
    conversations.first_response_at,
    conversations.closed_at,
    'amazon_connect' as source,
    conversations.external_agent_id,
    null::timestamptz as updated_at,
    -- Delivery
    conversations.delivered_at,
    conversations.delivered_file,
    conversations.delivered_row,
    conversations._load_id,
    conversations.queue
from conversations
left join lateral {{ service_of_queue('amazon_connect', 'conversations.queue') }} as named on true
