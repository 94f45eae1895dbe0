-- One row per delivered version of a ring: a time that a call rang at an agent's desk. Within its
-- call it goes by its id, or without one by agent, source and the moment it began.
with

begun as (
    select
        ring.*,
        service.timezone,
        {{ instant('ring.rang_at', 'service.timezone') }} as began_at
    from {{ source('raw', 'ring') }} as ring
    inner join {{ source('raw', 'service') }} as service
        on service.service_code = ring.service_code
)

select
    ledger.feed,
    ring.call_id,
    coalesce(
        ring.ring_id,
        concat_ws(
            '/',
            ring.source,
            ring.agent_id,
            {{ told_instant('ring.began_at') }}
        )
    ) as ring_id,
    ring.service_code,
    ring.source,
    ring.agent_id as external_agent_id,
    ring.began_at as rang_at,
    {{ instant('ring.stopped_at', 'ring.timezone') }} as stopped_at,
    {{ truth('ring.was_answered') }} as was_answered,
    {{ instant('ring.updated_at', 'ring.timezone') }} as updated_at,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    ring._row as delivered_row,
    ring._load_id
from begun as ring
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = ring._file_id
