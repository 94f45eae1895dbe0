with

-- Read twice, each time by an index
events as not materialized (
    select * from {{ ref('int_agent_event') }}
),

agents as (
    select * from {{ ref('int_agent') }}
),

calls as (
    select
        defect.kind,
        defect.feed,
        defect.call_id as row_key,
        null::text as agent_id,
        defect.service_code,
        defect.occurred_at,
        defect.detail,
        defect.delivered_file,
        defect.delivered_row
    from {{ ref('int_call_defect') }} as defect
),

rings as (
    select
        defect.kind,
        defect.feed,
        defect.row_key,
        null::text as agent_id,
        defect.service_code,
        defect.occurred_at,
        defect.detail,
        defect.delivered_file,
        defect.delivered_row
    from {{ ref('int_ring_defect') }} as defect
),

conversations as (
    select
        defect.kind,
        defect.feed,
        defect.conversation_id as row_key,
        null::text as agent_id,
        defect.service_code,
        defect.occurred_at,
        defect.detail,
        defect.delivered_file,
        defect.delivered_row
    from {{ ref('int_conversation_defect') }} as defect
),

-- A session closes itself when the clock has passed that moment; a code may be known by now
sessions as (
    select
        defect.kind,
        'agent_event' as feed,
        defect.row_key,
        defect.agent_id,
        agents.service_code,
        defect.occurred_at,
        defect.detail,
        defect.delivered_file,
        defect.delivered_row
    from {{ ref('int_agent_event_defect') }} as defect
    left join agents on agents.agent_id = defect.agent_id
    left join {{ ref('stg_canonical__aux_code') }} as aux_code
        on aux_code.aux_code = defect.aux_code
    where aux_code.aux_code is null
        and (defect.kind <> 'auto_closed' or defect.occurred_at < {{ built_as_of() }})
),

waiting as (
    select
        'unknown_agent' as kind,
        'agent_event' as feed,
        {{ event_name('events') }} as row_key,
        null::text as agent_id,
        null::text as service_code,
        events.occurred_at,
        format('no agent or alias has the id %s', events.external_id)
        || coalesce(' of ' || events.source, '') as detail,
        events.delivered_file,
        events.delivered_row
    from events
    where events.agent_id is null
),

early as (
    select
        'after_as_of' as kind,
        'agent_event' as feed,
        {{ event_name('events') }} as row_key,
        events.agent_id,
        agents.service_code,
        events.occurred_at,
        'occurred_at lies after as_of' as detail,
        events.delivered_file,
        events.delivered_row
    from events
    left join agents on agents.agent_id = events.agent_id
    where events.is_early
),

files as (
    select
        defect.kind,
        defect.feed,
        defect.row_key,
        null::text as agent_id,
        null::text as service_code,
        defect.occurred_at,
        defect.detail,
        defect.delivered_file,
        defect.delivered_row
    from {{ ref('int_file_defect') }} as defect
),

defects as (
    select * from calls
    union all
    select * from rings
    union all
    select * from conversations
    union all
    select * from sessions
    union all
    select * from waiting
    union all
    select * from early
    union all
    select * from {{ ref('int_roster_defect') }}
    union all
    select * from files
)

select
    defects.kind,
    defects.feed,
    defects.row_key,
    defects.agent_id,
    defects.service_code,
    defects.occurred_at,
    defects.detail,
    defects.delivered_file as file_name,
    defects.delivered_row::bigint as row_number,
    {{ built_as_of() }} as as_of,
    -- Passes with the clock; any other defect only with a delivery
    defects.kind = 'after_as_of' as is_provisional
from defects
-- What lay after the clock when it was noted may have come to pass
where defects.kind <> 'after_as_of' or defects.occurred_at > {{ built_as_of() }}
