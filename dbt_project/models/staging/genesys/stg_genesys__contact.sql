-- One row per delivered version of a conversation of Genesys, on any medium, with what its segments
-- sum up to. An agent has answered where he interacts; to be alerted is not to answer.
select
    conversation.conversation_id,
    conversation.conversation_id as call_id,
    lower(conversation.direction) as direction,
    summed.media_type,
    summed.message_type,
    summed.queue,
    summed.external_agent_id,
    -- Instants
    conversation.started_at::timestamptz as started_at,
    summed.queued_at,
    summed.alerted_at,
    summed.answered_at,
    summed.responded_at,
    summed.handled_until,
    summed.left_queue_at,
    conversation.ended_at::timestamptz as ended_at,
    summed.customer_left,
    summed.is_called_back,
    -- Durations
    summed.talk_s,
    summed.hold_s,
    summed.acw_s,
    (
        select named.named_in_load
        from {{ service_of_queue('genesys', 'summed.queue') }} as named
    ) as named_in_load,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    conversation._row as delivered_row,
    conversation._load_id
from {{ source('raw', 'genesys_conversation') }} as conversation
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = conversation._file_id
left join lateral (
    select
        (array_agg(segment.media_type order by segment.starts_at) filter (
            where segment.purpose in ('customer', 'external')
        ))[1] as media_type,
        max(segment.message_type) as message_type,
        (array_agg(segment.queue order by segment.starts_at) filter (
            where segment.purpose = 'acd' and segment.queue is not null
        ))[1] as queue,
        (array_agg(segment.user_id order by segment.starts_at) filter (
            where segment.is_agent and segment.segment_type = 'interact'
        ))[1] as external_agent_id,
        min(segment.starts_at) filter (where segment.purpose = 'acd') as queued_at,
        max(segment.ends_at) filter (where segment.purpose = 'acd') as left_queue_at,
        min(segment.starts_at) filter (where segment.is_agent) as alerted_at,
        min(segment.starts_at) filter (
            where segment.is_agent and segment.segment_type = 'interact'
        ) as answered_at,
        min(segment.responded_at) filter (where segment.is_agent) as responded_at,
        max(segment.ends_at) filter (
            where segment.is_agent and segment.segment_type in ('interact', 'hold')
        ) as handled_until,
        bool_or(segment.disconnect_type in ('client', 'endpoint', 'peer')) filter (
            where segment.purpose in ('customer', 'external')
        ) as customer_left,
        bool_or(segment.media_type = 'callback') as is_called_back,
        {{ genesys_seconds("'interact'") }} as talk_s,
        {{ genesys_seconds("'hold'") }} as hold_s,
        {{ genesys_seconds("'wrapup'") }} as acw_s
    from (
        select
            told.*,
            told.purpose in ('agent', 'user') as is_agent
        from {{ ref('stg_genesys__segment') }} as told
        where told._file_id = conversation._file_id
            and told._row = conversation._row
            and told.conversation_id = conversation.conversation_id
    ) as segment
) as summed on true
