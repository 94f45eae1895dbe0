with

stale as materialized (
    select
        freshness.feed,
        arrived.lands_in,
        freshness.latest_arrival_at
    from {{ ref('rpt_feed_freshness') }} as freshness
    cross join
        lateral (
            select max(ledger.lands_in) as lands_in
            from {{ source('ops', 'file_ledger') }} as ledger
            where ledger.feed = freshness.feed
        ) as arrived
    where freshness.is_stale
),

-- What came in through a feed in the last day is missing now that the feed is behind
behind as (
    select
        service.service_code,
        'voice' as what,
        stale.feed
    from stale
    cross join {{ ref('int_service') }} as service
    where exists (
            select from {{ ref('int_call') }} as call
            where call.service_code = service.service_code
                and call.feed = stale.feed
                and call.interval_start > {{ built_as_of() }} - interval '1 day'
        )
    union all
    select
        conversation.service_code,
        conversation.channel,
        stale.feed
    from stale
    inner join {{ ref('int_conversation') }} as conversation on conversation.feed = stale.feed
    where conversation.interval_start > {{ built_as_of() }} - interval '1 day'
    union all
    -- Events do not keep which of several feeds of one kind they came through
    select
        service.service_code,
        'agents',
        stale.feed
    from stale
    cross join {{ ref('int_service') }} as service
    where stale.latest_arrival_at > {{ built_as_of() }} - interval '1 day'
        and exists (
            select
            from {{ ref('int_agent') }} as agent
            inner join {{ ref('int_agent_event') }} as event on event.agent_id = agent.agent_id
            where agent.service_code = service.service_code
                and event.feed = stale.lands_in
                and event.occurred_at > {{ built_as_of() }} - interval '1 day'
            {{ by_itself() }}
        )
)

select
    behind.service_code,
    behind.what,
    min(behind.feed) as feed,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from behind
group by behind.service_code, behind.what
