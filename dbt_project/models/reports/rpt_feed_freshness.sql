with

services as (
    select * from {{ ref('int_service') }}
),

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

week as (
    select
        clock.built_as_of - interval '7 days' as began_at,
        clock.built_as_of as ended_at,
        clock.stale_after
    from {{ clock() }} as clock
),

-- When a service was open or a shift ran; a service without opening hours is always open
at_work as materialized (
    select
        case
            when (select bool_and(services.has_opening_hours) from services)
                then (
                    select range_agg(span.during)
                    from (
                        select opened.piece as during
                        from services
                        cross join
                            unnest(
                                {{ service_open('services', 'week.began_at', 'week.ended_at') }}
                            ) as opened (piece)
                        union all
                        select distinct
                            {{ range_between('shift.planned_start_at', 'shift.planned_end_at') }}
                        from services
                        inner join {{ ref('int_shift') }} as shift
                            on shift.service_code = services.service_code
                            and shift.roster_date
                            between week.began_at::date - 2 and week.ended_at::date + 1
                        where shift.kind = 'work'
                    ) as span
                )
            else tstzmultirange(tstzrange(week.began_at, week.ended_at))
        end as during,
        week.ended_at,
        week.stale_after
    from week
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
        arrivals.comes_all_day
        and arrivals.latest_arrival_at
        < {{ built_as_of() }} - (select clock.stale_after from {{ clock() }} as clock)
        and (
            select {{ seconds_in('since.during') }} > extract(epoch from at_work.stale_after)
            from at_work
            cross join
                lateral (
                    select
                        at_work.during
                        * tstzmultirange(
                            {{ range_between('arrivals.latest_arrival_at', 'at_work.ended_at') }}
                        ) as during
                ) as since
        ) as is_missed,
        {{ built_as_of() }} as as_of,
        -- The age grows with the clock
        true as is_provisional
    from arrivals
)

select * from final
