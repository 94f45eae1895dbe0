with

-- A missing roster is told by the rosters themselves
plans as materialized (
    select
        plan.plan_id,
        plan.done_at,
        plan.done_at + plan.horizon_min * interval '1 minute' as horizon_at,
        breach.service_code,
        breach.channel,
        breach.kpi,
        {{ told_by('breach') }} as told_by
    from {{ source('ops', 'recovery_plan') }} as plan
    inner join {{ source('ops', 'breach') }} as breach on breach.breach_id = plan.breach_id
    where plan.status in ('done', 'closed')
        and plan.is_effective is null
        and breach.roster_date is null
),

feeds as materialized (
    {{ feeds_of_the_day('comes_all_day') }}
),

-- As long as one of several feeds has not told of a moment, something of it is missing
told as (
    select
        part.service_code,
        part.told_by,
        min(feeds.latest_arrival_at) as told_until
    from (select distinct plans.service_code, plans.told_by from plans) as part
    inner join feeds
        on case part.told_by
            when 'voice' then {{ tells_of_calls('feeds', 'part.service_code') }}
            when 'agents' then {{ tells_of_agents('feeds', 'part.service_code') }}
            else {{ tells_of_conversations('feeds', 'part.service_code', 'part.told_by') }}
        end
    group by part.service_code, part.told_by
)

select
    plans.plan_id,
    plans.service_code,
    plans.channel,
    plans.kpi,
    plans.told_by,
    plans.done_at,
    plans.horizon_at,
    told.told_until,
    plans.horizon_at <= {{ built_as_of() }}
    and coalesce(told.told_until < plans.horizon_at, true) as is_waiting_for_data,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from plans
left join told using (service_code, told_by)
