-- One row per message of a conversation of Chatwoot, from its own webhooks and from the others that
-- repeat it. Who is no person, or writes a private note or by a rule, does not reply.
with

told as (
    select
        delivery.conversation_id,
        true as is_outer,
        delivery.message as told
    from {{ ref('stg_chatwoot__delivery') }} as delivery
    where delivery.message is not null
    union all
    select
        delivery.conversation_id,
        false,
        message.told
    from {{ ref('stg_chatwoot__delivery') }} as delivery
    cross join {{ elements("delivery.conversation -> 'messages'") }} as message (told)
),

messages as (
    select
        told.conversation_id,
        told.told ->> 'id' as message_id,
        {{ moment_if_any("(told.told ->> 'created_at')") }} as written_at,
        -- A word in its own webhook, a number where it is repeated
        case lower(told.told ->> 'message_type')
            when 'incoming' then 'in'
            when '0' then 'in'
            when 'outgoing' then 'out'
            when '1' then 'out'
        end as direction,
        coalesce(told.told ->> 'private' = 'true', false) as is_private,
        -- Older webhooks give a sender without a type, and only persons have one
        coalesce(
            lower(coalesce(told.told #>> '{sender,type}', told.told ->> 'sender_type')) = 'user',
            told.is_outer and jsonb_typeof(told.told -> 'sender') = 'object'
        ) as is_by_user,
        coalesce(
            told.told #>> '{content_attributes,automation_rule_id}',
            told.told #>> '{additional_attributes,campaign_id}'
        ) is not null as is_automatic,
        coalesce(told.told #>> '{sender,id}', told.told ->> 'sender_id') as sender_id
    from told
)

select
    messages.conversation_id,
    messages.message_id,
    -- Where it is repeated, its fraction of a second may be missing
    max(messages.written_at) as written_at,
    max(messages.direction) as direction,
    max(messages.direction) = 'out'
    and bool_or(messages.is_by_user)
    and not bool_or(messages.is_automatic) as is_reply,
    max(messages.sender_id) as sender_id
from messages
where messages.written_at is not null
group by messages.conversation_id, messages.message_id
having not bool_or(messages.is_private) and max(messages.direction) is not null
