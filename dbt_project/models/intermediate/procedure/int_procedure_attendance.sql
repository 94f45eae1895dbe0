-- One row per service, month and end of working shifts: how many ended, and whether the first check
-- within one cycle knew who had come.
{%- set one_cycle = "interval '1 minute'" %}
{{ config(materialized='view') }}

with

-- Nothing could be known before the first cycle
records as (
    select min(cycle.as_of) as began_at
    from {{ source('ops', 'cycle') }} as cycle
),

ended as (
    select
        shift.service_code,
        date_trunc('month', shift.roster_date)::date as month,
        shift.planned_end_at,
        count(*) as shifts
    from {{ ref('int_shift_attendance') }} as shift
    inner join records on records.began_at <= shift.planned_end_at
    where shift.kind = 'work'
        and shift.status <> 'excused'
        and shift.planned_end_at <= {{ built_as_of() }}
    group by shift.service_code, date_trunc('month', shift.roster_date), shift.planned_end_at
),

ends as (
    select distinct ended.planned_end_at from ended
),

-- After which the marts were built within a cycle, while the events of agents were not behind. One
-- look into the index for each end: the planner would compare all ends with all cycles.
known as (
    select ends.planned_end_at
    from ends
    cross join
        lateral (
            select cycle.as_of
            from {{ source('ops', 'cycle') }} as cycle
            where cycle.as_of between ends.planned_end_at
                and ends.planned_end_at + {{ one_cycle }}
                and cycle.step = 'build_marts'
                and cycle.error is null
                and exists (
                    select from {{ source('ops', 'file_ledger') }} as ledger
                    where ledger.lands_in = 'agent_event'
                        and ledger.outcome <> 'quarantined'
                        and ledger.arrived_at <= cycle.as_of
                        and ledger.arrived_at
                        >= cycle.as_of - (select clock.stale_after from {{ clock() }} as clock)
                )
            order by cycle.as_of
            limit 1
        ) as first_look
),

final as (
    select
        ended.service_code,
        ended.month,
        ended.planned_end_at,
        ended.shifts,
        known.planned_end_at is not null as is_known,
        -- Until one cycle has passed, it may still be
        ended.planned_end_at + {{ one_cycle }} > {{ built_as_of() }} as is_open
    from ended
    left join known on known.planned_end_at = ended.planned_end_at
)

select * from final
