-- One row per rule about rows of calls, and per call or ring that it looks at: what was measured of
-- it, null where it can only break a row. An answered call breaks rows of rings as well: not every
-- source tells of the rings that were answered.
{{ config(materialized='view') }}

select
    'short_calls_in_row' as rule_code,
    call.feed,
    call.call_id,
    ''::text as ring_id,
    call.service_code,
    call.source,
    call.external_agent_id,
    call.answered_at as occurred_at,
    call.ended_at,
    call.talk_s as measured_s
from {{ ref('int_answered_call') }} as call
union all
select
    'ringing_unanswered',
    call.feed,
    call.call_id,
    ''::text,
    call.service_code,
    call.source,
    call.external_agent_id,
    call.answered_at,
    call.ended_at,
    null::numeric
from {{ ref('int_answered_call') }} as call
union all
select
    'ringing_unanswered',
    ring.feed,
    ring.call_id,
    ring.ring_id,
    ring.service_code,
    ring.source,
    ring.external_agent_id,
    ring.rang_at,
    ring.stopped_at,
    -- One that still rings, or of which nobody says that it was left, is not known to be unanswered
    case
        when not ring.was_answered and ring.stopped_at <= {{ as_of() }}
            then {{ seconds_between('ring.rang_at', 'ring.stopped_at') }}
    end
from {{ ref('int_ring') }} as ring
where ring.rang_at <= {{ as_of() }}
