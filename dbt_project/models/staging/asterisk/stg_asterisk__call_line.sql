-- One row per delivered line of a queue_log that is about a call.
select line.*
from {{ ref('stg_asterisk__line') }} as line
where line.call_id not in ('NONE', 'REALTIME', 'MANAGER', 'CLI')
