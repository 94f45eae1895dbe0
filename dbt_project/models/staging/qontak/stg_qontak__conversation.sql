-- One row per room of Qontak, put together from its messages and the states of the room that come
-- with them. `received_at` is null where no customer is known to have opened it: a room is also
-- made for a broadcast, so that its creation alone tells nothing.
with

deliveries as (
    select
        delivery.*,
        coalesce(
            delivery.resolved_at,
            case
                when delivery.event = 'room_resolved' or delivery.status = 'resolved'
                    then coalesce(delivery.updated_at, delivery.told_at)
            end
        ) as closed_at,
        coalesce(delivery.event = 'agent_unassigned_from_room', false) as is_unassigned
    from {{ ref('stg_qontak__delivery') }} as delivery
),

summed as (
    select
        deliveries.conversation_id,
        max(deliveries.integration_id) as integration_id,
        max(deliveries.account) as account,
        max(deliveries.channel) as channel,
        min(deliveries.created_at) as created_at,
        -- Messages
        min(deliveries.written_at) filter (where deliveries.participant = 'customer') as first_in,
        max(deliveries.written_at) filter (where deliveries.participant = 'customer') as last_in,
        min(deliveries.written_at) filter (where deliveries.participant <> 'customer')
            as first_out,
        min(deliveries.written_at) filter (where deliveries.is_reply) as first_reply,
        array_agg(deliveries.written_at) filter (where deliveries.is_reply) as replies,
        -- States
        min(coalesce(deliveries.updated_at, deliveries.told_at)) filter (
            where deliveries.status = 'assigned' or deliveries.event = 'agent_assigned_to_room'
        ) as assigned_at,
        max(greatest(deliveries.updated_at, deliveries.written_at)) filter (
            where deliveries.closed_at is null and deliveries.participant is distinct from 'bot'
        ) as open_at,
        array_agg(deliveries.closed_at) filter (where deliveries.closed_at is not null)
            as resolved,
        (
            array_agg(
                coalesce(deliveries.agent_id, deliveries.sender_id)
                order by
                    coalesce(deliveries.written_at, deliveries.told_at, deliveries.updated_at)
                    desc nulls last,
                    coalesce(deliveries.agent_id, deliveries.sender_id)
            ) filter (
                where deliveries.is_reply
                or (deliveries.agent_id is not null and not deliveries.is_unassigned)
            )
        )[1] as agent_id,
        max(deliveries.resolved_by_id) as resolved_by_id,
        -- Delivery
        max(deliveries.delivered_at) as delivered_at,
        (
            array_agg(
                deliveries.delivered_file
                order by
                    deliveries.delivered_at desc,
                    deliveries.delivered_file desc,
                    deliveries.delivered_row desc
            )
        )[1] as delivered_file,
        (
            array_agg(
                deliveries.delivered_row
                order by
                    deliveries.delivered_at desc,
                    deliveries.delivered_file desc,
                    deliveries.delivered_row desc
            )
        )[1] as delivered_row,
        max(deliveries._load_id) as _load_id
    from deliveries
    group by deliveries.conversation_id
)

select
    'qontak' as feed,
    summed.conversation_id,
    named.service_code,
    coalesce(
        named.channel,
        case
            when summed.channel like 'wa%' then 'whatsapp'
            when summed.channel in ('fb', 'fb_comment', 'ig', 'ig_comment', 'twitter', 'line')
                then 'social'
            when summed.channel in ('email', 'sms') then summed.channel
            else 'chat'
        end
    ) as channel,
    received.received_at,
    summed.assigned_at,
    {{ first_from('summed.replies', 'received.received_at') }} as first_response_at,
    {{ first_from('summed.resolved', 'greatest(summed.open_at, summed.last_in)') }} as closed_at,
    'qontak' as source,
    coalesce(summed.agent_id, summed.resolved_by_id) as external_agent_id,
    null::timestamptz as updated_at,
    -- Delivery
    summed.delivered_at,
    summed.delivered_file,
    summed.delivered_row,
    summed._load_id,
    coalesce(summed.integration_id, summed.account) as queue
from summed
cross join lateral {{ chat_received('summed', or_creation=false) }} as received
left join
    lateral {{ service_of_queue('qontak', 'summed.integration_id', or_name='summed.account') }}
        as named
    on true
