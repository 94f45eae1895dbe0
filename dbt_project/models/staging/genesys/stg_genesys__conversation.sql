-- One row per delivered version of a chat, message or e-mail. Where no reply is told of, the moment
-- from which an agent interacts stands for it.
select
    'genesys_conversation' as feed,
    contact.conversation_id,
    named.service_code,
    coalesce(
        named.channel,
        case
            when contact.media_type <> 'message' then contact.media_type
            when contact.message_type in ('whatsapp', 'sms') then contact.message_type
            when
                contact.message_type in ('facebook', 'instagram', 'x', 'twitter', 'line')
                then 'social'
            else 'chat'
        end
    ) as channel,
    contact.started_at as received_at,
    contact.alerted_at as assigned_at,
    coalesce(contact.responded_at, contact.answered_at) as first_response_at,
    contact.ended_at as closed_at,
    'genesys' as source,
    contact.external_agent_id,
    null::timestamptz as updated_at,
    -- Delivery
    contact.delivered_at,
    contact.delivered_file,
    contact.delivered_row,
    contact._load_id,
    contact.queue
from {{ ref('stg_genesys__contact') }} as contact
left join lateral {{ service_of_queue('genesys', 'contact.queue') }} as named on true
where contact.media_type not in ('voice', 'callback')
    and contact.direction is distinct from 'outbound'
