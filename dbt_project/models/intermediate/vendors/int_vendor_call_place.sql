-- One row per call of the vendors' feeds that this run puts together anew, and the interval in
-- which it was counted before. It is asked before the call takes its new place; what a run found
-- that did not end well is kept for the next one, which starts from the same loads.
{%- set kept = last_left('int_call') %}
{%- set unfinished = last_left('int_vendor_call_place') %}
{% if kept and not is_rebuild() %}
select
    kept.feed,
    kept.call_id,
    kept.service_code,
    kept.interval_start,
    {{ clock_value('load_from', 'bigint') }} as run_from
from {{ ref('int_vendor_call') }} as vendor
inner join {{ kept }} as kept on kept.feed = vendor.feed and kept.call_id = vendor.call_id
{% if unfinished %}
union
select unfinished.*
from {{ unfinished }} as unfinished
where unfinished.run_from = {{ clock_value('load_from', 'bigint') }}
{% endif %}
{% else %}
select
    vendor.feed,
    vendor.call_id,
    vendor.service_code,
    null::timestamptz as interval_start,
    0::bigint as run_from
from {{ ref('int_vendor_call') }} as vendor
where false
{% endif %}
