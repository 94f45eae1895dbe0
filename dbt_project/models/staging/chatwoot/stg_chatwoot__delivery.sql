-- One row per delivered webhook or reporting event that is about a conversation. A conversation is
-- known by its inbox and its number: numbers repeat from account to account.
select
    coalesce(delivery.inbox_id, '') || '/' || delivery.conversation_id as conversation_id,
    delivery.inbox_id,
    delivery.event,
    delivery.is_report,
    case when delivery.event in ('message_created', 'message_updated') then document.body end
        as message,
    spoken.conversation,
    document.body #>> '{inbox,name}' as inbox_name,
    spoken.conversation ->> 'channel' as channel,
    -- The state that a webhook shows is that of the moment at which it was written
    coalesce(
        {{ moment_if_any("(spoken.conversation ->> 'updated_at')") }},
        greatest(
            {{ moment_if_any("(spoken.conversation ->> 'last_activity_at')") }},
            {{ moment_if_any("(spoken.conversation ->> 'timestamp')") }}
        ),
        {{ moment_if_any('delivery.created_at') }}
    ) as told_at,
    {{ moment_if_any("(spoken.conversation ->> 'updated_at')") }} is not null as is_exact,
    {{ moment_if_any("(spoken.conversation ->> 'created_at')") }} as created_at,
    {{ moment_if_any("(spoken.conversation ->> 'first_reply_created_at')") }} as replied_at,
    lower(spoken.conversation ->> 'status') as status,
    jsonb_typeof(spoken.conversation -> 'meta') = 'object' as tells_assignee,
    case
        when lower(coalesce(
                spoken.conversation #>> '{meta,assignee_type}',
                spoken.conversation #>> '{meta,assignee,type}',
                'user'
            )) = 'user'
            then spoken.conversation #>> '{meta,assignee,id}'
    end as assignee_id,
    -- Reporting events
    {{ moment_if_any('delivery.starts_at') }} as starts_at,
    {{ moment_if_any('delivery.ends_at') }} as ends_at,
    case when delivery.is_report then document.body ->> 'user_id' end as user_id,
    (
        select named.named_in_load
        from {{ service_of_queue(
            'chatwoot', 'delivery.inbox_id', or_name="(document.body #>> '{inbox,name}')"
        ) }} as named
    ) as named_in_load,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    delivery._row as delivered_row,
    delivery._load_id
from (
    select
        webhook.inbox_id,
        webhook.conversation_id,
        webhook.created_at,
        webhook.starts_at,
        webhook.ends_at,
        webhook.body,
        webhook._file_id,
        webhook._row,
        webhook._load_id,
        lower(webhook.event) as event,
        webhook.ends_at is not null as is_report
    from {{ source('raw', 'chatwoot') }} as webhook
    where webhook.conversation_id is not null
) as delivery
cross join
    lateral (
        select delivery.body::jsonb as body
        where true {{ by_itself() }}
    ) as document
cross join
    lateral (
        select
            case
                when delivery.is_report then null
                when jsonb_typeof(document.body -> 'conversation') = 'object'
                    then document.body -> 'conversation'
                else document.body
            end as conversation
        where true {{ by_itself() }}
    ) as spoken
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = delivery._file_id
where
    case
        when delivery.is_report
            then delivery.event in (
                'first_response', 'reply_time', 'conversation_resolved', 'conversation_opened',
                'conversation_bot_handoff', 'conversation_bot_resolved'
            )
            and document.body ->> 'conversation_id' is not null
        else delivery.event in (
                'conversation_created', 'conversation_status_changed', 'conversation_updated',
                'conversation_opened', 'conversation_resolved', 'message_created', 'message_updated'
            )
    end
