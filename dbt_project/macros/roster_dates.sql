{#
    Whether a valid roster reached the team leaders before the cut-off of H-1, for each service and date
    on which somebody could be on shift; `since` and `until` are dates, may name a row of `services`
    with its `today`, and bound them.
#}
{% macro roster_dates(since, until) -%}
with

services as (
    select
        service.*,
        ({{ built_as_of() }} at time zone service.timezone)::date as today
    from {{ ref('int_service') }} as service
),

people as (
    select
        team.service_code,
        agent.active_from,
        coalesce(agent.active_to, 'infinity') as active_to
    from {{ ref('stg_canonical__team') }} as team
    inner join {{ ref('stg_canonical__agent') }} as agent
        on agent.team_code = team.team_code and agent.role = 'agent'
),

holidays as (
    select * from {{ ref('stg_canonical__holiday') }}
),

opening_days as (
    select distinct hours.service_code, hours.iso_weekday
    from {{ ref('int_service_hours') }} as hours
),

-- What was due before the system ran for the first time cannot be proved
beginning as (
    select min(cycle.as_of) as first_as_of
    from {{ source('ops', 'cycle') }} as cycle
),

-- Who is there from the same date to the same date, which is nearly everybody: there would be as
-- many rows as people times dates
employed as (
    select
        services.service_code,
        greatest({{ since }}, people.active_from) as first_date,
        least({{ until }}, people.active_to) as last_date,
        count(*) as agents
    from services
    inner join people on people.service_code = services.service_code
    where people.active_from is not null
    group by services.service_code, first_date, last_date
),

active as (
    select
        employed.service_code,
        day.roster_date::date as roster_date,
        sum(employed.agents)::bigint as active_agents
    from employed
    cross join
        lateral generate_series(
            employed.first_date, employed.last_date, interval '1 day'
        ) as day (roster_date)
    group by employed.service_code, day.roster_date
),

-- The dates on which somebody could be on shift and the service is open
dates as (
    select
        services.service_code,
        services.timezone,
        active.roster_date,
        (active.roster_date - 1 + services.roster_cutoff) at time zone services.timezone as due_at,
        active.active_agents
    from active
    inner join services on services.service_code = active.service_code
    left join opening_days
        on opening_days.service_code = active.service_code
        and opening_days.iso_weekday = extract(isodow from active.roster_date)
    where (not services.has_opening_hours or opening_days.service_code is not null)
        and not exists (
            select from holidays
            where holidays.holiday_date = active.roster_date
                and coalesce(holidays.service_code, services.service_code) = services.service_code
                and services.has_opening_hours
        )
),

needed as (
    select dates.*
    from dates
    inner join beginning on beginning.first_as_of <= dates.due_at
),

held as (
    select
        day.service_code,
        day.roster_date,
        version.version
    from {{ source('ops', 'roster_day') }} as day
    inner join {{ source('ops', 'roster_version') }} as version
        on version.version_id = day.version_id
),

-- The first version of a date that team leaders had, whichever holds now
first_distributed as (
    select
        needed.service_code,
        needed.roster_date,
        min(greatest(validity.received_at, validity.distributed_at)) as distributed_at
    from needed
    inner join {{ ref('fct_roster_validity') }} as validity
        on validity.service_code = needed.service_code
        and needed.roster_date between validity.period_start and validity.period_end
        and validity.verdict = 'valid'
        and validity.distributed_at is not null
    group by needed.service_code, needed.roster_date
),

latest as (
    select distinct on (needed.service_code, needed.roster_date)
        needed.service_code,
        needed.roster_date,
        validity.verdict,
        validity.errors
    from needed
    inner join {{ ref('fct_roster_validity') }} as validity
        on validity.service_code = needed.service_code
        and needed.roster_date between validity.period_start and validity.period_end
    order by needed.service_code, needed.roster_date, validity.received_at desc
),

final as (
    select
        needed.service_code,
        needed.roster_date,
        needed.active_agents,
        needed.due_at,
        held.version,
        latest.verdict as latest_verdict,
        latest.errors as latest_errors,
        first_distributed.distributed_at,
        case
            when first_distributed.distributed_at <= needed.due_at then 'on_time'
            when first_distributed.distributed_at is not null then 'late'
            when {{ built_as_of() }} <= needed.due_at then 'awaited'
            else 'missing'
        end as status,
        case
            when first_distributed.distributed_at is not null then null
            when held.version is not null then 'not_distributed'
            when latest.verdict is not null then latest.verdict
            else 'not_received'
        end as lacks,
        -- Clock
        {{ built_as_of() }} as as_of,
        first_distributed.distributed_at is null as is_provisional
    from needed
    left join held
        on held.service_code = needed.service_code
        and held.roster_date = needed.roster_date
    left join first_distributed
        on first_distributed.service_code = needed.service_code
        and first_distributed.roster_date = needed.roster_date
    left join latest
        on latest.service_code = needed.service_code
        and latest.roster_date = needed.roster_date
)

select * from final
{%- endmacro %}
