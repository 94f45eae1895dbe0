-- One row per contact of the vendors' feeds that this run has looked at, whatever it is.
select distinct
    version.feed,
    version.call_id as contact_id,
    version.source,
    version.queue,
    version.service_code,
    true as is_received
from {{ ref('int_vendor_call') }} as version
union
select distinct
    version.feed,
    version.conversation_id,
    version.source,
    version.queue,
    version.service_code,
    version.received_at is not null
from {{ ref('int_vendor_conversation') }} as version
