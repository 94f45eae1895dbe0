-- One row per agent whose rostered shifts must be computed anew: a roster was published, or a
-- shift code or service that the roster names was delivered with a change. `changed_from` lies
-- before the window of the first shift that may differ, `changed_to` after the last.
with

rosters as not materialized (
    select * from {{ ref('stg_canonical__roster') }}
),

changes as (
    -- Every version of a service and date, so that also the agents of a replaced one are found
    select rosters.agent_id, rosters.roster_date, rosters.start_at, rosters.end_at
    from {{ source('ops', 'roster_day') }} as roster_day
    inner join {{ source('ops', 'roster_version') }} as version
        on version.service_code = roster_day.service_code
        and roster_day.roster_date between version.period_start and version.period_end
    inner join rosters
        on rosters.file_id = version.file_id and rosters.roster_date = roster_day.roster_date
    where {{ arrived('roster_day', 'load_id') }}
    union
    select rosters.agent_id, rosters.roster_date, rosters.start_at, rosters.end_at
    from {{ ref('stg_canonical__shift') }} as shift
    inner join rosters on rosters.shift_code = shift.shift_code or rosters.is_worded
    where {{ arrived('shift') }}
    union
    select rosters.agent_id, rosters.roster_date, rosters.start_at, rosters.end_at
    from {{ ref('int_service') }} as service
    inner join rosters on rosters.service_code = service.service_code
    where {{ arrived('service') }}
),

final as (
    select
        changes.agent_id,
        least(
            (min(changes.roster_date) - 2)::timestamp at time zone 'UTC',
            min(changes.start_at) - interval '2 days'
        ) as changed_from,
        greatest(
            (max(changes.roster_date) + 4)::timestamp at time zone 'UTC',
            max(changes.end_at) + interval '2 days'
        ) as changed_to
    from changes
    group by changes.agent_id
)

select * from final
