-- One row per login, logout and state that an agent event tells of. Offline is logged out. A custom
-- status is AUX under its name; an available agent is busy while a contact is connected, and in
-- after-call work while one that has ended is still with him. Heartbeats repeat what is known, also
-- for an hour after a logout, and tell nothing.
with

events as (
    select
        event.*,
        {{ connect_status_type('event.status', 'event.status_type') }} as now_is,
        {{ connect_status_type('event.status_before', 'event.status_type_before') }} as was,
        event.body::jsonb -> 'CurrentAgentSnapshot' -> 'Contacts' as contacts
    from {{ source('raw', 'amazon_connect_agent_event') }} as event
    where upper(event.event_type) in ('LOGIN', 'LOGOUT', 'STATE_CHANGE')
),

told as (
    select
        events.*,
        case
            when upper(events.event_type) = 'LOGOUT' then coalesce(events.was, '') <> 'OFFLINE'
            else events.now_is = 'OFFLINE' and events.was <> 'OFFLINE'
        end as logs_out,
        case upper(events.event_type)
            when 'LOGIN' then coalesce(events.now_is, '') <> 'OFFLINE'
            when 'STATE_CHANGE' then events.now_is <> 'OFFLINE' and events.was = 'OFFLINE'
        end as logs_in,
        case
            when upper(events.event_type) = 'LOGOUT' or events.now_is = 'OFFLINE' then null
            when events.now_is = 'CUSTOM' then 'aux'
            when {{ has_contact('events.contacts', 'CONNECTED%') }} then 'busy'
            when {{ has_contact('events.contacts', 'ENDED') }} then 'acw'
            when events.now_is = 'ROUTABLE' then 'ready'
        end as state
    from events
)

select
    concat_ws('/', told.event_id, said.part) as event_id,
    'amazon_connect' as source,
    coalesce(told.username, told.agent_arn) as external_id,
    told.occurred_at as occurred_at_cell,
    said.event,
    said.state,
    case when said.state = 'aux' then told.status end as aux_code,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    told._row as delivered_row,
    told._load_id
from told
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = told._file_id
cross join
    lateral (
        values
        ('logout', null, 'logout', told.logs_out),
        ('login', null, 'login', told.logs_in),
        (null, told.state, 'state', told.state is not null)
    ) as said (part, state, event, applies)
where said.applies
