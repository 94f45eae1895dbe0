-- One row per conversation of the vendors' feeds that this run puts together anew, and where it
-- stood before: in which interval it was counted, until when it waited, for whom. It is asked
-- before the conversation takes its new place; what a run found that did not end well is kept for
-- the next one, which starts from the same loads.
{%- set kept = last_left('int_conversation') %}
{%- set unfinished = last_left('int_vendor_conversation_place') %}
{% if kept and not is_rebuild() %}
select
    kept.feed,
    kept.conversation_id,
    kept.service_code,
    kept.channel,
    kept.external_agent_id,
    kept.received_at,
    kept.waits_until,
    kept.interval_start,
    {{ clock_value('load_from', 'bigint') }} as run_from
from {{ ref('int_vendor_conversation') }} as vendor
inner join {{ kept }} as kept
    on kept.feed = vendor.feed and kept.conversation_id = vendor.conversation_id
{% if unfinished %}
union
select unfinished.*
from {{ unfinished }} as unfinished
where unfinished.run_from = {{ clock_value('load_from', 'bigint') }}
{% endif %}
{% else %}
select
    vendor.feed,
    vendor.conversation_id,
    vendor.service_code,
    vendor.channel,
    vendor.external_agent_id,
    vendor.received_at,
    null::timestamptz as waits_until,
    null::timestamptz as interval_start,
    0::bigint as run_from
from {{ ref('int_vendor_conversation') }} as vendor
where false
{% endif %}
