-- One row per agent and rostered shift of the published rosters, days off left out. A working
-- shift owns a window around its planned time; where two windows of one agent meet, they are cut in
-- the middle between the end of one shift and the start of the next.
{{
    config(
        meta={'touched': 'int_shift_agent_touched', 'by': ['agent_id']},
        indexes=[
            {'columns': ['agent_id', 'window_start_at']},
            {'columns': ['service_code', 'roster_date']},
        ],
    )
}}

with

planned as (
    select
        roster.agent_id,
        roster.service_code,
        roster.roster_date,
        roster.shift_code,
        roster.function,
        shift.kind,
        service.timezone,
        coalesce(
            roster.start_at,
            (roster.roster_date + shift.start_time) at time zone service.timezone
        ) as planned_start_at,
        roster.end_at as stated_end_at,
        shift.end_time
    from {{ ref('int_shift_agent_touched') }} as touched
    inner join {{ ref('stg_canonical__roster') }} as roster on roster.agent_id = touched.agent_id
    inner join {{ source('ops', 'roster_day') }} as roster_day
        on roster_day.service_code = roster.service_code
        and roster_day.roster_date = roster.roster_date
        and roster_day.file_id = roster.file_id
    inner join {{ ref('stg_canonical__shift') }} as shift on shift.shift_code = roster.shift_code
    inner join {{ ref('int_service') }} as service on service.service_code = roster.service_code
    where shift.kind <> 'off'
        -- Most minutes bring no roster; then none is looked through
        and (select count(*) from {{ ref('int_shift_agent_touched') }}) > 0
),

-- An end at or before the start is on the next day
timed as (
    select
        planned.agent_id,
        planned.service_code,
        planned.roster_date,
        planned.shift_code,
        planned.function,
        planned.kind,
        planned.timezone,
        planned.planned_start_at,
        coalesce(
            planned.stated_end_at,
            case
                when (planned.roster_date + planned.end_time) at time zone planned.timezone
                    > planned.planned_start_at
                    then (planned.roster_date + planned.end_time) at time zone planned.timezone
                else (planned.roster_date + 1 + planned.end_time) at time zone planned.timezone
            end
        ) as planned_end_at
    from planned
),

-- Only working shifts that have a time own a window
neighbours as (
    select
        timed.*,
        lag(timed.planned_end_at) over shifts as earlier_end_at,
        lead(timed.planned_start_at) over shifts as later_start_at
    from (
        select
            timed.*,
            timed.kind = 'work' and coalesce(timed.planned_start_at < timed.planned_end_at, false)
                as owns_window
        from timed
    ) as timed
    window shifts as (
        partition by timed.agent_id, timed.owns_window
        order by timed.planned_start_at, timed.planned_end_at, timed.service_code, timed.shift_code
    )
),

final as (
    select
        neighbours.agent_id,
        neighbours.service_code,
        neighbours.roster_date,
        neighbours.shift_code,
        neighbours.function,
        neighbours.kind,
        neighbours.timezone,
        neighbours.planned_start_at,
        neighbours.planned_end_at,
        case
            when not neighbours.owns_window then null
            when neighbours.earlier_end_at + interval '240 minutes'
                > neighbours.planned_start_at - interval '120 minutes'
                then greatest(
                    neighbours.planned_start_at - interval '120 minutes',
                    neighbours.earlier_end_at
                    + (neighbours.planned_start_at - neighbours.earlier_end_at) / 2
                )
            else neighbours.planned_start_at - interval '120 minutes'
        end as window_start_at,
        case
            when not neighbours.owns_window then null
            when neighbours.planned_end_at + interval '240 minutes'
                > neighbours.later_start_at - interval '120 minutes'
                then least(
                    neighbours.planned_end_at + interval '240 minutes',
                    neighbours.planned_end_at
                    + (neighbours.later_start_at - neighbours.planned_end_at) / 2
                )
            else neighbours.planned_end_at + interval '240 minutes'
        end as window_end_at
    from neighbours
)

select * from final
