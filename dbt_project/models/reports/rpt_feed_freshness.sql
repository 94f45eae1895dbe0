with

arrivals as (
    select
        ledger.feed,
        -- Of a mapping, the feed that it ends in
        max(ledger.lands_in) as lands_in,
        max(ledger.arrived_at) as latest_arrival_at,
        -- Reference data, rosters and what seldom happens come when they come
        max(ledger.lands_in) in (
            'agent_event', 'call', 'conversation', 'anonymous_bank', 'asterisk_queue_log',
            'amazon_connect_contact', 'amazon_connect_agent_event',
            'genesys_conversation', 'genesys_user_status', 'chatwoot', 'qontak'
        ) as comes_all_day
    from {{ source('ops', 'file_ledger') }} as ledger
    where ledger.outcome <> 'quarantined'
    group by ledger.feed
),

final as (
    select
        arrivals.feed,
        case arrivals.lands_in
            when 'agent_event'
                then (
                    select max(event.occurred_at) from {{ ref('int_agent_event') }} as event
                    where event.occurred_at <= {{ built_as_of() }}
                )
            when 'asterisk_queue_log'
                then (
                    select max(line.occurred_at) from {{ ref('int_asterisk_line') }} as line
                    where line.occurred_at <= {{ built_as_of() }}
                )
            when 'call'
                then (
                    select max(call.offered_at) from {{ ref('int_call') }} as call
                    where call.offered_at <= {{ built_as_of() }}
                        and call.feed = arrivals.feed
                )
            when 'ring'
                then (
                    select max(ring.rang_at) from {{ ref('int_ring') }} as ring
                    where ring.rang_at <= {{ built_as_of() }}
                        and ring.feed = arrivals.feed
                )
            when 'conversation'
                then (
                    select max(conversation.received_at)
                    from {{ ref('int_conversation') }} as conversation
                    where conversation.received_at <= {{ built_as_of() }}
                        and conversation.feed = arrivals.feed
                )
        end as latest_event_at,
        arrivals.latest_arrival_at,
        extract(epoch from {{ built_as_of() }} - arrivals.latest_arrival_at)::double precision
            as age_s,
        arrivals.comes_all_day,
        arrivals.comes_all_day
        and arrivals.latest_arrival_at
        < {{ built_as_of() }} - (select clock.stale_after from {{ clock() }} as clock) as is_stale,
        {{ built_as_of() }} as as_of,
        -- The age grows with the clock
        true as is_provisional
    from arrivals
)

select * from final
