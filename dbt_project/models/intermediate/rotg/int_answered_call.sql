-- One row per inbound call that an agent has answered, with its talk time; null while it goes on.
{{ config(materialized='view') }}

select
    call.feed,
    call.call_id,
    call.service_code,
    call.source,
    call.external_agent_id,
    call.answered_at,
    call.ended_at,
    case
        when coalesce(call.ended_at, {{ as_of() }}) <= {{ as_of() }}
            then greatest(
                coalesce(
                    call.talk_s,
                    {{ seconds_between('call.answered_at', 'call.ended_at') }}
                    - greatest(call.hold_s, 0)
                ),
                case when call.talk_s is not null or call.ended_at is not null then 0 end
            )
    end as talk_s
from {{ ref('int_call') }} as call
where call.direction = 'inbound'
    and call.outcome = 'answered'
    and call.answered_at <= {{ as_of() }}
    and call.external_agent_id is not null
