-- One row per conversation of Chatwoot, put together from its messages, the states that webhooks
-- show, and its reporting events. `received_at` is null where no customer is known to have opened
-- it.
--
-- Of a reporting event only its times count: what `value` is measured from has changed from version
-- to version, the end of a `first_response` is the reply in all of them. One that begins before the
-- conversation was created tells of another conversation, whose number in the database is the same.
with

deliveries as (
    select
        told.*,
        coalesce(
            told.is_report
            and told.starts_at < told.created_at_first - interval '2 seconds',
            false
        ) as is_foreign
    from (
        select
            delivery.*,
            min(delivery.created_at) over (partition by delivery.conversation_id)
                as created_at_first
        from {{ ref('stg_chatwoot__delivery') }} as delivery
    ) as told
),

states as (
    select
        deliveries.*,
        case
            when not deliveries.is_report then deliveries.told_at
            when not deliveries.is_foreign then deliveries.ends_at
        end as state_at,
        case
            -- What a message shows besides is not the state of its own time
            when deliveries.message is not null then null
            when deliveries.event in ('conversation_resolved', 'conversation_bot_resolved')
                then 'resolved'
            when deliveries.event in ('conversation_opened', 'conversation_bot_handoff')
                then 'open'
            when not deliveries.is_report then deliveries.status
        end as state
    from deliveries
),

summed as (
    select
        states.conversation_id,
        max(states.inbox_id) as inbox_id,
        (
            array_agg(
                states.inbox_name order by states.told_at desc nulls last, states.inbox_name
            ) filter (
                where states.inbox_name is not null
            )
        )[1] as inbox_name,
        max(states.channel) as channel,
        least(
            min(states.created_at),
            min(states.told_at) filter (where states.event = 'conversation_created'),
            min(states.starts_at) filter (where not states.is_foreign)
        ) as created_at,
        array_agg(coalesce(states.replied_at, states.ends_at)) filter (
            where states.replied_at is not null
            or (states.event = 'first_response' and states.is_report and not states.is_foreign)
        ) as told_replies,
        max(states.state_at) filter (where states.state <> 'resolved') as open_at,
        array_agg(states.state_at) filter (
            where states.state = 'resolved' and (states.is_exact or states.is_report)
        ) as resolved_exactly,
        array_agg(states.state_at) filter (where states.state = 'resolved') as resolved,
        -- The last state that tells of an assignee, or that there is none
        (
            array_agg(
                states.assignee_id
                order by states.told_at desc nulls last, states.assignee_id desc nulls last
            ) filter (
                where states.tells_assignee
            )
        )[1] as assignee_id,
        min(states.told_at) filter (where states.assignee_id is not null) as assigned_at,
        (
            array_agg(states.user_id order by states.ends_at desc, states.user_id) filter (
                where states.user_id is not null and not states.is_foreign
            )
        )[1] as user_id,
        max(states.delivered_at) as delivered_at,
        (
            array_agg(
                states.delivered_file
                order by
                    states.delivered_at desc,
                    states.delivered_file desc,
                    states.delivered_row desc
            )
        )[1] as delivered_file,
        (
            array_agg(
                states.delivered_row
                order by
                    states.delivered_at desc,
                    states.delivered_file desc,
                    states.delivered_row desc
            )
        )[1] as delivered_row,
        max(states._load_id) as _load_id
    from states
    group by states.conversation_id
),

spoken as (
    select
        message.conversation_id,
        min(message.written_at) filter (where message.direction = 'in') as first_in,
        max(message.written_at) filter (where message.direction = 'in') as last_in,
        min(message.written_at) filter (where message.direction = 'out') as first_out,
        min(message.written_at) filter (where message.is_reply) as first_reply,
        array_agg(message.written_at) filter (where message.is_reply) as replies,
        (
            array_agg(
                message.sender_id order by message.written_at desc, message.sender_id
            ) filter (
                where message.is_reply
            )
        )[1] as sender_id
    from {{ ref('stg_chatwoot__message') }} as message
    group by message.conversation_id
),

chats as (
    select
        summed.*,
        spoken.first_in,
        spoken.last_in,
        spoken.first_out,
        spoken.first_reply,
        spoken.replies,
        spoken.sender_id
    from summed
    left join spoken on spoken.conversation_id = summed.conversation_id
)

select
    'chatwoot' as feed,
    chats.conversation_id,
    named.service_code,
    coalesce(
        named.channel,
        case lower(replace(chats.channel, 'Channel::', ''))
            when 'whatsapp' then 'whatsapp'
            when 'email' then 'email'
            when 'sms' then 'sms'
            when 'twiliosms' then 'sms'
            when 'facebookpage' then 'social'
            when 'instagram' then 'social'
            when 'twitterprofile' then 'social'
            when 'line' then 'social'
            when 'tiktok' then 'social'
            else 'chat'
        end
    ) as channel,
    received.received_at,
    chats.assigned_at,
    {{ first_from('(chats.replies || chats.told_replies)', 'received.received_at') }}
        as first_response_at,
    coalesce(
        {{ first_from('chats.resolved_exactly', 'greatest(chats.open_at, chats.last_in)') }},
        {{ first_from('chats.resolved', 'greatest(chats.open_at, chats.last_in)') }}
    ) as closed_at,
    'chatwoot' as source,
    coalesce(chats.assignee_id, chats.sender_id, chats.user_id) as external_agent_id,
    null::timestamptz as updated_at,
    -- Delivery
    chats.delivered_at,
    chats.delivered_file,
    chats.delivered_row,
    chats._load_id,
    chats.inbox_id as queue
from chats
cross join lateral {{ chat_received('chats', or_creation=true) }} as received
left join
    lateral {{ service_of_queue('chatwoot', 'chats.inbox_id', or_name='chats.inbox_name') }}
        as named
    on true
