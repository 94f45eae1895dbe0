with

stale as materialized (
    {{ feeds_of_the_day('is_stale') }}
),

-- Every channel, also one without a target
channels as materialized (
    select
        nonvoice.service_code,
        nonvoice.channel
    from {{ ref('int_nonvoice_interval') }} as nonvoice
    where exists (select from stale)
        and nonvoice.interval_start > {{ built_as_of() }} - {{ longest_silence() }}
    group by nonvoice.service_code, nonvoice.channel
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
    select
        channels.service_code,
        channels.channel,
        stale.feed,
        stale.is_missed
    from stale
    cross join channels
    where {{ tells_of_conversations('stale', 'channels.service_code', 'channels.channel') }}
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
