-- One row per call, put together from the contact records of its transfers: offered in the first
-- queue, answered by the first agent, with the talk of all. Who listens in is no part of it.
with

legs as (
    select contact.*
    from {{ ref('stg_amazon_connect__contact') }} as contact
    where contact.channel = 'VOICE'
),

calls as (
    select
        legs.chain_id,
        (
            array_agg(
                legs.queue order by legs.enqueued_at, legs.initiated_at, legs.contact_id
            ) filter (
                where legs.queue is not null
            )
        )[1] as queue,
        (
            array_agg(legs.external_agent_id order by legs.connected_at, legs.contact_id) filter (
                where legs.connected_at is not null
            )
        )[1] as external_agent_id,
        bool_or(legs.initiation_method in ('OUTBOUND', 'API', 'CALLBACK', 'MONITOR'))
        and not bool_or(legs.initiation_method = 'INBOUND') as is_outbound,
        -- Instants
        min(legs.initiated_at) as initiated_at,
        min(legs.enqueued_at) as enqueued_at,
        min(legs.connected_at) as connected_at,
        max(coalesce(legs.dequeued_at, legs.disconnected_at)) as left_at,
        max(
            coalesce(
                legs.acw_started_at,
                greatest(
                    legs.connected_at
                    + make_interval(
                        secs => (
                            coalesce(legs.interaction_s, 0) + coalesce(legs.hold_s, 0)
                        )::double precision
                    ),
                    legs.transferred_at
                ),
                legs.disconnected_at
            )
        ) filter (
            where legs.connected_at is not null and legs.disconnected_at is not null
        ) as handled_until,
        bool_and(legs.disconnected_at is not null) as is_over,
        (
            array_agg(
                legs.disconnect_reason order by legs.initiated_at desc, legs.contact_id desc
            )
        )[1] as last_reason,
        -- Durations
        sum(legs.interaction_s) as talk_s,
        sum(legs.hold_s) as hold_s,
        sum(legs.acw_s) as acw_s,
        -- Delivery
        max(legs.delivered_at) as delivered_at,
        (
            array_agg(legs.delivered_file order by legs.delivered_at desc, legs.contact_id desc)
        )[1] as delivered_file,
        (
            array_agg(legs.delivered_row order by legs.delivered_at desc, legs.contact_id desc)
        )[1] as delivered_row,
        max(legs._load_id) as _load_id
    from legs
    where legs.initiation_method is distinct from 'MONITOR'
    group by legs.chain_id
)

select
    'amazon_connect_contact' as feed,
    calls.chain_id as call_id,
    named.service_code,
    case when calls.is_outbound then 'outbound' else 'inbound' end as direction,
    calls.initiated_at as arrived_at,
    calls.enqueued_at as queued_at,
    calls.connected_at as answered_at,
    case when calls.connected_at is null and calls.is_over then calls.left_at end as left_at,
    case when calls.is_over then coalesce(calls.handled_until, calls.left_at) end as ended_at,
    'amazon_connect' as source,
    calls.external_agent_id,
    case
        when calls.connected_at is not null then 'answered'
        when not calls.is_over then 'open'
        -- The system let the caller go
        when calls.enqueued_at is not null
            and calls.last_reason in ('CONTACT_FLOW_DISCONNECT', 'EXPIRED', 'TELECOM_PROBLEM')
            then 'timed_out'
        else 'abandoned'
    end as outcome,
    case when calls.is_over then calls.talk_s end as talk_s,
    calls.hold_s,
    calls.acw_s,
    null::timestamptz as updated_at,
    -- Delivery
    calls.delivered_at,
    calls.delivered_file,
    calls.delivered_row,
    calls._load_id,
    calls.queue
from calls
left join lateral {{ service_of_queue('amazon_connect', 'calls.queue') }} as named on true
