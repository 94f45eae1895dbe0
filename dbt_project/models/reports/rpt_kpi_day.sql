with

services as (
    select
        service.service_code,
        service.timezone,
        service.as_of,
        (service.as_of at time zone service.timezone)::date as today
    from {{ ref('dim_service') }} as service
),

-- Asked for one month, an index finds its rows: each month is looked up by itself
months as not materialized (
    select
        services.service_code,
        services.timezone,
        month.first_day::date as month,
        least((month.first_day + interval '1 month - 1 day')::date, services.today) as last_day,
        month.first_day at time zone services.timezone as starts_at,
        (month.first_day + interval '1 month') at time zone services.timezone as ends_at
    from services
    cross join
        lateral generate_series(
            timestamp 'epoch', date_trunc('month', services.today::timestamp), interval '1 month'
        ) as month (first_day)
),

measured as (
    select
        months.service_code,
        months.month,
        day.*
    from months
    cross join
        lateral (
            select
                (voice.interval_start at time zone months.timezone)::date,
                voice.channel,
                told.kpi,
                told.kpi || '/' || told.formula_version,
                told.numerator,
                told.denominator,
                voice.is_provisional
            from {{ ref('int_voice_interval') }} as voice
            cross join
                lateral ({{ voice_kpis('voice') }})
                    as told (kpi, formula_version, numerator, denominator)
            where voice.service_code = months.service_code
                and voice.interval_start >= months.starts_at
                and voice.interval_start < months.ends_at
            union all
            select
                (nonvoice.interval_start at time zone months.timezone)::date,
                nonvoice.channel,
                told.kpi,
                told.kpi || '/' || told.formula_version,
                told.numerator,
                told.denominator,
                nonvoice.is_provisional
            from {{ ref('int_nonvoice_interval') }} as nonvoice
            cross join
                lateral ({{ nonvoice_kpis('nonvoice') }})
                    as told (kpi, formula_version, numerator, denominator)
            where nonvoice.service_code = months.service_code
                and nonvoice.interval_start >= months.starts_at
                and nonvoice.interval_start < months.ends_at
            union all
            select
                shift.roster_date,
                'all',
                'attendance',
                shift.attendance_formula,
                shift.attendance_numerator,
                shift.attendance_denominator,
                shift.is_provisional
            from {{ ref('fct_attendance') }} as shift
            where shift.service_code = months.service_code
                and shift.roster_date between months.month and months.last_day
            union all
            select
                shift.roster_date,
                'all',
                'login_compliance',
                shift.login_compliance_formula,
                shift.login_compliance_numerator,
                shift.login_compliance_denominator,
                shift.is_provisional
            from {{ ref('fct_login_compliance') }} as shift
            where shift.service_code = months.service_code
                and shift.roster_date between months.month and months.last_day
            union all
            select
                (agent.interval_start at time zone months.timezone)::date,
                'all',
                'adherence',
                agent.adherence_formula,
                agent.adherence_numerator,
                agent.adherence_denominator,
                agent.is_provisional
            from {{ ref('fct_adherence_interval') }} as agent
            where agent.service_code = months.service_code
                and agent.interval_start >= months.starts_at
                and agent.interval_start < months.ends_at
        ) as day (local_date, channel, kpi, formula, numerator, denominator, is_provisional)
),

-- In force on the day by what was known at its end: a target that was corrected later stood as it
-- stood. The first version also holds for the time before it was delivered.
targets as (
    select distinct on (
        target.service_code, place.channel, target.kpi, months.month, day.local_date
    )
        target.service_code,
        months.month,
        day.local_date::date as local_date,
        place.channel,
        target.kpi,
        target.formula,
        target.comparator,
        target.target,
        target.critical,
        target.valid_from,
        target.version
    from months
    inner join {{ ref('dim_kpi_target_history') }} as target
        on target.service_code = months.service_code
        and target.valid_from <= months.last_day
        and coalesce(target.valid_to, 'infinity') >= months.month
    cross join
        lateral generate_series(
            greatest(target.valid_from, months.month)::timestamp,
            least(target.valid_to, months.last_day)::timestamp,
            interval '1 day'
        ) as day (local_date)
    cross join
        lateral (
            select (day.local_date + interval '1 day') at time zone months.timezone as ends_at
        ) as day_end
    cross join
        -- Who is there is a matter of no channel, whatever the row calls it
        lateral (
            select
                case when target.kpi in {{ kpis_of_people() }} then 'all' else target.channel end
                    as channel
        ) as place
    where
        (target.version = 1 or target.known_from_at <= day_end.ends_at)
        and (target.known_to_at is null or target.known_to_at > day_end.ends_at)
    order by
        target.service_code,
        place.channel,
        target.kpi,
        months.month,
        day.local_date,
        target.valid_from desc
),

-- A day with a target and nothing to measure is a day as well
told as (
    select
        measured.service_code,
        measured.month,
        measured.local_date,
        measured.channel,
        measured.kpi,
        measured.formula as measured_by,
        measured.numerator,
        measured.denominator,
        measured.is_provisional,
        null::text as asked_by,
        null::text as comparator,
        null::double precision as target,
        null::double precision as critical,
        null::date as target_valid_from,
        null::bigint as target_version
    from measured
    union all
    select
        targets.service_code,
        targets.month,
        targets.local_date,
        targets.channel,
        targets.kpi,
        null,
        0,
        0,
        false,
        targets.formula,
        targets.comparator,
        targets.target,
        targets.critical,
        targets.valid_from,
        targets.version
    from targets
),

days as (
    select
        told.service_code,
        told.month,
        told.local_date,
        told.channel,
        told.kpi,
        coalesce(max(told.measured_by), max(told.asked_by)) as formula,
        sum(told.numerator)::double precision as numerator,
        sum(told.denominator)::double precision as denominator,
        max(told.comparator) as comparator,
        max(told.target) as target,
        max(told.critical) as critical,
        max(told.target_valid_from) as target_valid_from,
        max(told.target_version) as target_version,
        bool_or(told.is_provisional) as is_provisional
    from told
    group by told.service_code, told.month, told.local_date, told.channel, told.kpi
),

valued as (
    select
        days.*,
        {{ kpi_value('days') }} as value
    from days
),

final as (
    select
        valued.service_code,
        valued.month,
        valued.local_date,
        valued.channel,
        valued.kpi,
        valued.formula,
        -- What it was
        valued.numerator,
        valued.denominator,
        valued.value,
        -- What it should have been
        valued.comparator,
        valued.target,
        valued.critical,
        valued.target_valid_from,
        valued.target_version,
        case valued.comparator
            when '>=' then valued.value >= valued.target
            when '<=' then valued.value <= valued.target
        end as is_met,
        -- Clock
        services.as_of,
        valued.is_provisional or valued.local_date >= services.today as is_provisional
    from valued
    inner join services on services.service_code = valued.service_code
)

select * from final
