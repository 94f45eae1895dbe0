-- One row per queue of an outside system, or inbox or channel of one, and the service for which it
-- takes contacts. Without a source it is meant in all of them; without a queue, all other queues.
select
    queue.source,
    queue.queue,
    queue.service_code,
    lower(queue.channel) as channel,
    queue._load_id
from {{ source('raw', 'queue') }} as queue
