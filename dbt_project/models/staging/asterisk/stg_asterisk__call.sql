-- One row per call of a queue_log that reached a queue, or was refused by one, put together from
-- all its lines. It is one call, also where it passes from queue to queue: offered in the first.
with

-- Each line is read once, by itself: what it says would otherwise be worked out anew for every
-- column of a call
lines as (
    select line.call_id, read.*
    from {{ ref('stg_asterisk__call_line') }} as line
    cross join
        lateral (
            select
                told.queue,
                told.external_id,
                told.event,
                told.occurred_at,
                case
                    when told.event = 'ENTERQUEUE' then 'entered'
                    when told.event in ('ABANDON', 'EXITWITHKEY') then 'abandoned'
                    -- Let go by the queue, or lost between it and the agent
                    when told.event in (
                            'EXITWITHTIMEOUT',
                            'EXITEMPTY',
                            'LEAVEEMPTY',
                            'DIVERT_CA_RATIO',
                            'DIVERT_HOLDTIME',
                            'AGENTDUMP', 'SYSCOMPAT'
                        )
                        then 'timed_out'
                    when told.event in ('FULL', 'JOINEMPTY') then 'blocked'
                    when told.event = 'CLOSED' then 'closed'
                    when told.event = 'CONNECT' then 'connected'
                    when told.event in (
                            'COMPLETEAGENT',
                            'COMPLETECALLER',
                            'TRANSFER',
                            'BLINDTRANSFER',
                            'ATTENDEDTRANSFER'
                        )
                        then 'talked'
                    when told.event = 'WRAPUPSTART' then 'wrapped_up'
                end as step,
                {{ log_waited_s('told') }} as waited_s,
                {{ log_talk_s('told') }} as talk_s,
                case when told.event = 'WRAPUPSTART' then {{ number_if_any('told.data1') }} end
                    as acw_s,
                told._file_id,
                told._row,
                told._load_id
            from (select line.*) as told
            {{ by_itself() }}
        ) as read
    where read.step is not null
),

calls as (
    select
        lines.call_id,
        (array_agg(lines.queue order by lines.occurred_at, lines.queue) filter (
            where lines.queue is not null
        ))[1] as queue,
        (array_agg(lines.external_id order by lines.occurred_at, lines.external_id) filter (
            where lines.step = 'connected'
        ))[1] as external_agent_id,
        count(*) filter (where lines.step = 'entered') as entered,
        count(*) filter (where lines.step in ('abandoned', 'timed_out')) as left_queue,
        count(*) filter (where lines.step = 'connected') as connected,
        count(*) filter (where lines.step = 'talked') as talked,
        -- Instants
        min(lines.occurred_at) filter (where lines.step = 'entered') as entered_at,
        min(lines.occurred_at - make_interval(secs => lines.waited_s::double precision))
            as seems_entered_at,
        min(lines.occurred_at) as first_at,
        min(lines.occurred_at) filter (where lines.step = 'connected') as connected_at,
        min(lines.occurred_at - make_interval(secs => lines.talk_s::double precision))
            as seems_connected_at,
        max(lines.occurred_at) filter (where lines.step = 'talked') as talked_until,
        max(lines.occurred_at) filter (
            where lines.step in ('abandoned', 'timed_out', 'blocked', 'closed')
        ) as left_at,
        (array_agg(lines.step order by lines.occurred_at desc, lines.step) filter (
            where lines.step in ('abandoned', 'timed_out', 'blocked', 'closed')
        ))[1] as last_left,
        -- Durations: a sum of which a part is not told is not told
        case
            when count(*) filter (where lines.step = 'talked' and lines.talk_s is null) = 0
                then sum(lines.talk_s)
        end as talk_s,
        sum(lines.acw_s) as acw_s,
        -- Delivery
        (array_agg(lines._file_id order by lines.occurred_at desc, lines.event))[1] as _file_id,
        (array_agg(lines._row order by lines.occurred_at desc, lines.event))[1] as _row,
        max(lines._load_id) as _load_id
    from lines
    group by lines.call_id
    -- After-call work alone is no call
    having count(*) filter (where lines.step <> 'wrapped_up') > 0
),

told as (
    select
        calls.*,
        calls.connected + calls.talked > 0 as was_answered,
        coalesce(calls.entered_at, calls.seems_entered_at) as queued_at
    from calls
)

select
    'asterisk_queue_log' as feed,
    told.call_id,
    named.service_code,
    'inbound' as direction,
    coalesce(told.queued_at, told.first_at) as arrived_at,
    told.queued_at,
    case when told.was_answered then coalesce(told.connected_at, told.seems_connected_at) end
        as answered_at,
    case when not told.was_answered then told.left_at end as left_at,
    case when told.was_answered and told.talked >= told.connected then told.talked_until end
        as ended_at,
    'asterisk' as source,
    told.external_agent_id,
    case
        when told.was_answered then 'answered'
        when told.entered > told.left_queue then 'open'
        else coalesce(told.last_left, 'open')
    end as outcome,
    case when told.talked >= told.connected then told.talk_s end as talk_s,
    null::numeric as hold_s,
    told.acw_s,
    null::timestamptz as updated_at,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    told._row as delivered_row,
    told._load_id,
    told.queue
from told
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = told._file_id
left join lateral {{ service_of_queue('asterisk', 'told.queue') }} as named on true
