with

stale as materialized (
    {{ feeds_of_the_day('is_stale') }}
),

-- What they tell is missing now that they are behind
behind as (
    select
        service.service_code,
        'voice' as what,
        stale.feed,
        stale.is_missed
    from stale
    cross join {{ ref('int_service') }} as service
    where {{ tells_of_calls('stale', 'service.service_code') }}
    union all
    -- Of every channel, also of one without a target
    select
        conversation.service_code,
        conversation.channel,
        stale.feed,
        stale.is_missed
    from stale
    inner join {{ ref('int_conversation') }} as conversation on conversation.feed = stale.feed
    where conversation.interval_start > {{ built_as_of() }} - interval '1 day'
    union all
    select
        service.service_code,
        'agents',
        stale.feed,
        stale.is_missed
    from stale
    cross join {{ ref('int_service') }} as service
    where {{ tells_of_agents('stale', 'service.service_code') }}
)

select
    behind.service_code,
    behind.what,
    min(behind.feed) as feed,
    bool_or(behind.is_missed) as is_missed,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from behind
group by behind.service_code, behind.what
