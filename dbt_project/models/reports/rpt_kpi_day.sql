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

voice as (
    select
        months.service_code,
        months.month,
        day.*
    from months
    cross join
        lateral (
            select
                (voice.interval_start at time zone months.timezone)::date as local_date,
                voice.channel,
                measure.kpi,
                measure.formula,
                sum(measure.numerator) as numerator,
                sum(measure.denominator) as denominator,
                bool_or(voice.is_provisional) as is_provisional
            from {{ ref('fct_scr_interval') }} as voice
            cross join
                lateral (
                    values
                    ('scr', voice.scr_formula, voice.scr_numerator, voice.scr_denominator),
                    (
                        'abandon_rate',
                        voice.abandon_formula,
                        voice.abandon_numerator,
                        voice.abandon_denominator
                    ),
                    (
                        'service_level',
                        voice.service_level_formula,
                        voice.service_level_numerator,
                        voice.service_level_denominator
                    ),
                    ('aht', voice.aht_formula, voice.handle_s_sum, voice.handled),
                    ('asa', voice.asa_formula, voice.wait_s_sum, voice.answered)
                ) as measure (kpi, formula, numerator, denominator)
            where
                voice.service_code = months.service_code
                and voice.interval_start >= months.starts_at
                and voice.interval_start < months.ends_at
            group by
                (voice.interval_start at time zone months.timezone)::date,
                voice.channel,
                measure.kpi,
                measure.formula
        ) as day
),

nonvoice as (
    select
        months.service_code,
        months.month,
        day.*
    from months
    cross join
        lateral (
            select
                (nonvoice.interval_start at time zone months.timezone)::date as local_date,
                nonvoice.channel,
                measure.kpi,
                measure.formula,
                sum(measure.numerator) as numerator,
                sum(measure.denominator) as denominator,
                bool_or(nonvoice.is_provisional) as is_provisional
            from {{ ref('fct_response_time_interval') }} as nonvoice
            cross join
                lateral (
                    values
                    -- Without a threshold there is no rate
                    (
                        'response_time',
                        nonvoice.response_time_formula,
                        nonvoice.response_time_numerator,
                        case
                            when nonvoice.response_time_threshold_s is not null
                                then nonvoice.response_time_denominator
                            else 0
                        end
                    ),
                    -- As it stood at the ends of the intervals
                    ('waiting_list', 'waiting_list/1', nonvoice.waiting_list, 1),
                    (
                        'oldest_waiting',
                        'oldest_waiting/1',
                        coalesce(nonvoice.oldest_waiting_s, 0),
                        1
                    )
                ) as measure (kpi, formula, numerator, denominator)
            where
                nonvoice.service_code = months.service_code
                and nonvoice.interval_start >= months.starts_at
                and nonvoice.interval_start < months.ends_at
            group by
                (nonvoice.interval_start at time zone months.timezone)::date,
                nonvoice.channel,
                measure.kpi,
                measure.formula
        ) as day
),

attendance as (
    select
        months.service_code,
        months.month,
        day.*
    from months
    cross join
        lateral (
            select
                shift.roster_date,
                'all' as channel,
                'attendance' as kpi,
                shift.attendance_formula,
                sum(shift.attendance_numerator) as numerator,
                sum(shift.attendance_denominator) as denominator,
                bool_or(shift.is_provisional) as is_provisional
            from {{ ref('fct_attendance') }} as shift
            where
                shift.service_code = months.service_code
                and shift.roster_date between months.month and months.last_day
            group by shift.roster_date, shift.attendance_formula
        ) as day
),

login_compliance as (
    select
        months.service_code,
        months.month,
        day.*
    from months
    cross join
        lateral (
            select
                shift.roster_date,
                'all' as channel,
                'login_compliance' as kpi,
                shift.login_compliance_formula,
                sum(shift.login_compliance_numerator) as numerator,
                sum(shift.login_compliance_denominator) as denominator,
                bool_or(shift.is_provisional) as is_provisional
            from {{ ref('fct_login_compliance') }} as shift
            where
                shift.service_code = months.service_code
                and shift.roster_date between months.month and months.last_day
            group by shift.roster_date, shift.login_compliance_formula
        ) as day
),

adherence as (
    select
        months.service_code,
        months.month,
        day.*
    from months
    cross join
        lateral (
            select
                (agent.interval_start at time zone months.timezone)::date as local_date,
                'all' as channel,
                'adherence' as kpi,
                agent.adherence_formula,
                sum(agent.adherence_numerator) as numerator,
                sum(agent.adherence_denominator) as denominator,
                bool_or(agent.is_provisional) as is_provisional
            from {{ ref('fct_adherence_interval') }} as agent
            where
                agent.service_code = months.service_code
                and agent.interval_start >= months.starts_at
                and agent.interval_start < months.ends_at
            group by
                (agent.interval_start at time zone months.timezone)::date,
                agent.adherence_formula
        ) as day
),

measured as (
    select * from voice
    union all
    select * from nonvoice
    union all
    select * from attendance
    union all
    select * from login_compliance
    union all
    select * from adherence
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
        case
            when days.kpi in ('aht', 'asa', 'waiting_list', 'oldest_waiting')
                then days.numerator / nullif(days.denominator, 0)
            else {{ percent('days.numerator', 'days.denominator') }}
        end as value
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
