with

-- Events that wait for an agent
agents as (
    select
        'agent' as kind,
        event.source,
        event.external_id as code,
        count(*) as occurrences
    from {{ ref('int_agent_event') }} as event
    where event.agent_id is null
    group by event.source, event.external_id
),

-- AUX time of the last days that no reference explains
aux_codes as (
    select
        'aux_code' as kind,
        null::text as source,
        spent.aux_code as code,
        count(*) as occurrences
    from {{ ref('int_shift_aux') }} as spent
    left join {{ ref('stg_canonical__aux_code') }} as aux_code
        on aux_code.aux_code = spent.aux_code
    where aux_code.aux_code is null
        and spent.roster_date >= ({{ built_as_of() }} at time zone 'UTC')::date - 3
    group by spent.aux_code
),

-- Contacts that wait until a service is known for their queue
queues as (
    select
        'queue' as kind,
        waiting.source,
        waiting.queue as code,
        count(*) as occurrences
    from {{ ref('int_queue_waiting') }} as waiting
    group by waiting.source, waiting.queue
),

final as (
    select * from agents
    union all
    select * from queues
    union all
    select * from aux_codes
)

select
    final.*,
    {{ built_as_of() }} as as_of,
    -- The days that are looked at move with the clock
    true as is_provisional
from final
