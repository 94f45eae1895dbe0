-- One row per conversation that this run must look at, also of those that are none any more: whose
-- queue has lost its service, or that turned out not to be opened by a customer.
select version.feed, version.conversation_id
from {{ ref('int_conversation_arrival') }} as version
union
select vendor.feed, vendor.conversation_id
from {{ ref('int_vendor_conversation') }} as vendor
