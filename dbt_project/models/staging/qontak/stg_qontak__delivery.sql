-- One row per delivered webhook of Qontak: the message that it tells of, if any, and its room as it
-- was then.
select
    webhook.room_id as conversation_id,
    lower(webhook.event) as event,
    -- The message
    case when written.is_message then coalesce(webhook.message_id, webhook.created_at) end
        as message_id,
    case when written.is_message then {{ moment_if_any('webhook.created_at') }} end as written_at,
    case when written.is_message then lower(webhook.participant_type) end as participant,
    written.is_message
    and lower(webhook.participant_type) = 'agent'
    and coalesce(document.body ->> 'sender_type', 'Models::User') = 'Models::User'
    and coalesce(document.body ->> 'is_campaign', 'false') <> 'true' as is_reply,
    document.body ->> 'sender_id' as sender_id,
    -- The room
    coalesce(document.body ->> 'agent_id', document.body #>> '{agent,id}') as agent_id,
    {{ moment_if_any("(told.room ->> 'created_at')") }} as created_at,
    {{ moment_if_any("(told.room ->> 'resolved_at')") }} as resolved_at,
    case
        when told.room ->> 'resolved_by_type' = 'Models::User'
            then told.room ->> 'resolved_by_id'
    end as resolved_by_id,
    lower(told.room ->> 'status') as status,
    {{ moment_if_any("(told.room ->> 'updated_at')") }} as updated_at,
    {{ moment_if_any('webhook.created_at') }} as told_at,
    lower(told.room ->> 'channel') as channel,
    told.room ->> 'channel_integration_id' as integration_id,
    told.room ->> 'channel_account' as account,
    (
        select named.named_in_load
        from {{ service_of_queue(
            'qontak',
            "(told.room ->> 'channel_integration_id')",
            or_name="(told.room ->> 'channel_account')"
        ) }} as named
    ) as named_in_load,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    webhook._row as delivered_row,
    webhook._load_id
from {{ source('raw', 'qontak') }} as webhook
cross join
    lateral (
        select webhook.body::jsonb as body
        where true {{ by_itself() }}
    ) as document
cross join
    lateral (
        select
            webhook.participant_type is not null
            and document.body ->> 'room_id' is not null as is_message
        where true {{ by_itself() }}
    ) as written
cross join
    lateral (
        select
            coalesce(
                document.body -> 'room',
                case when document.body ->> 'room_id' is null then document.body end
            ) as room
        where true {{ by_itself() }}
    ) as told
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = webhook._file_id
-- What an unknown event means is not known
where coalesce(lower(webhook.event), 'message_interaction') in (
        'message_interaction', 'receive_message_from_customer', 'receive_message_from_agent',
        'status_message', 'agent_assigned_to_room', 'agent_unassigned_from_room',
        'room_resolved', 'custom_agent_allocation'
    )
