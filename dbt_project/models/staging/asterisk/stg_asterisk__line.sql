-- One row per delivered line of a queue_log. A time without an offset, as the realtime table has
-- it, is local to the service of the line's queue.
select
    log.callid as call_id,
    nullif(log.queuename, 'NONE') as queue,
    log.queuename as queue_cell,
    nullif(log.agent, 'NONE') as external_id,
    upper(log.event) as event,
    log.data1,
    log.data2,
    log.data3,
    log.data4,
    log.data5,
    log.time as occurred_at_cell,
    {{ log_instant(
        'log.time',
        '(select named.timezone from ' ~ service_of_queue('asterisk', 'log.queuename') ~ ' as named)'
    ) }} as occurred_at,
    -- The load that says for which service the queue is
    (
        select named.named_in_load
        from {{ service_of_queue('asterisk', 'log.queuename') }} as named
    ) as named_in_load,
    -- Delivery
    log._file_id,
    log._row,
    log._load_id
from {{ source('raw', 'asterisk_queue_log') }} as log
