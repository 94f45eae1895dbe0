-- One row per segment of a conversation: a stretch in which a customer, a queue or an agent took
-- part in one way.
select
    conversation.conversation_id,
    conversation._file_id,
    conversation._row,
    participant.told ->> 'purpose' as purpose,
    coalesce(participant.told ->> 'userId', participant.told ->> 'participantId') as user_id,
    lower(session.told ->> 'mediaType') as media_type,
    lower(session.told ->> 'messageType') as message_type,
    segment.told ->> 'queueId' as queue,
    lower(segment.told ->> 'segmentType') as segment_type,
    lower(segment.told ->> 'disconnectType') as disconnect_type,
    {{ instant_if_any("(segment.told ->> 'segmentStart')") }} as starts_at,
    {{ instant_if_any("(segment.told ->> 'segmentEnd')") }} as ends_at,
    -- The first reply that the session tells of
    (
        select min({{ instant_if_any("(metric.told ->> 'emitDate')") }})
        from {{ elements("session.told -> 'metrics'") }} as metric (told)
        where metric.told ->> 'name' = 'tAgentResponseTime'
    ) as responded_at
from {{ source('raw', 'genesys_conversation') }} as conversation
cross join
    {{ elements("conversation.body::jsonb -> 'participants'") }} as participant (told)
cross join {{ elements("participant.told -> 'sessions'") }} as session (told)
cross join {{ elements("session.told -> 'segments'") }} as segment (told)
