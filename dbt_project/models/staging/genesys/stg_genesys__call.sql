-- One row per delivered version of a call. A caller who did not reach an agent has left, unless it
-- was the system that ended the call.
select
    'genesys_conversation' as feed,
    contact.conversation_id as call_id,
    named.service_code,
    coalesce(contact.direction, 'inbound') as direction,
    contact.started_at as arrived_at,
    -- Who is to be called back waits in no line: queued only once that is over
    case
        when not contact.is_called_back
            or coalesce(contact.answered_at, contact.ended_at) is not null
            then contact.queued_at
    end as queued_at,
    contact.answered_at,
    case when contact.answered_at is null then coalesce(contact.left_queue_at, contact.ended_at) end
        as left_at,
    case
        when contact.ended_at is not null then coalesce(contact.handled_until, contact.ended_at)
    end
        as ended_at,
    'genesys' as source,
    contact.external_agent_id,
    case
        when contact.answered_at is not null then 'answered'
        when contact.ended_at is null then 'open'
        when contact.queued_at is null or contact.customer_left then 'abandoned'
        else 'timed_out'
    end as outcome,
    case when contact.ended_at is not null then contact.talk_s end as talk_s,
    contact.hold_s,
    contact.acw_s,
    null::timestamptz as updated_at,
    -- Delivery
    contact.delivered_at,
    contact.delivered_file,
    contact.delivered_row,
    contact._load_id,
    contact.queue
from {{ ref('stg_genesys__contact') }} as contact
left join lateral {{ service_of_queue('genesys', 'contact.queue') }} as named on true
where contact.media_type in ('voice', 'callback')
