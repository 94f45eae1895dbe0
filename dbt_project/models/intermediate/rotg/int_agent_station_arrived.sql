-- One row per agent and station (source and outside id) at which an event arrived.
select distinct
    event.agent_id,
    coalesce(event.source, '') as source,
    {{ station_id('event') }} as external_id
from {{ ref('int_agent_event_replaced') }} as event
where event.agent_id is not null and not event.is_gone
