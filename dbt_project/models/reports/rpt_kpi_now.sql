with

-- What tells something only over a day has the day so far for its window
windows as (
    select
        target.*,
        case
            when target.kpi in ('login_compliance', 'adherence')
                then date_trunc('day', {{ built_as_of() }}, target.timezone)
            else
                {{ built_as_of() }} - make_interval(mins => coalesce(target.window_min, 30)::int)
        end as window_start_at
    from {{ ref('int_target_in_force') }} as target
),

targets as (
    select
        windows.*,
        extract(epoch from {{ built_as_of() }} - windows.window_start_at) / 60
            as window_length_min
    from windows
),

-- Whole intervals that lie in the window, wholly or in part; asked so that an index finds them
contacts as (
    select
        targets.service_code,
        targets.channel,
        targets.kpi,
        sum(measure.numerator) as numerator,
        sum(measure.denominator) as denominator
    from targets
    cross join
        lateral (
            select told.*
            from {{ ref('int_voice_interval') }} as voice
            cross join lateral ({{ voice_kpis('voice') }}) as told
            where voice.service_code = targets.service_code
                and voice.channel = targets.channel
                and voice.interval_start > targets.window_start_at - {{ interval_length() }}
                and voice.interval_start <= {{ built_as_of() }}
            union all
            select told.*
            from {{ ref('int_nonvoice_interval') }} as nonvoice
            cross join lateral ({{ nonvoice_kpis('nonvoice') }}) as told
            where nonvoice.service_code = targets.service_code
                and nonvoice.channel = targets.channel
                and nonvoice.interval_start > targets.window_start_at - {{ interval_length() }}
                and nonvoice.interval_start <= {{ built_as_of() }}
        ) as measure (kpi, formula_version, numerator, denominator)
    where targets.kpi not in ('waiting_list', 'oldest_waiting')
        and measure.kpi = targets.kpi
    group by targets.service_code, targets.channel, targets.kpi
),

-- As it stands at the clock: an interval in which nobody came has no row
waiting as (
    select
        targets.service_code,
        targets.channel,
        targets.kpi,
        {{ level_of('targets', 'services', 'conversations', built_as_of()) }} as numerator,
        1 as denominator
    from targets
    inner join {{ ref('int_service') }} as services
        on services.service_code = targets.service_code
    cross join lateral {{ waiting_at('targets', built_as_of()) }} as conversations
    where targets.kpi in ('waiting_list', 'oldest_waiting')
),

staff as (
    select
        targets.service_code,
        targets.channel,
        targets.kpi,
        case targets.kpi
            when 'attendance' then staff.attendance_numerator
            when 'staffing' then staff.staffing_numerator
        end as numerator,
        case targets.kpi
            when 'attendance' then staff.attendance_denominator
            when 'staffing' then staff.staffing_denominator
        end as denominator
    from targets
    inner join {{ ref('rpt_staff_now') }} as staff on staff.service_code = targets.service_code
    where targets.kpi in ('attendance', 'staffing')
),

-- The shifts of the day that are over
login as (
    select
        targets.service_code,
        targets.channel,
        targets.kpi,
        sum(shift.login_compliance_numerator) as numerator,
        sum(shift.login_compliance_denominator) as denominator
    from targets
    inner join {{ ref('fct_login_compliance') }} as shift
        on shift.service_code = targets.service_code
        and shift.roster_date = (targets.window_start_at at time zone targets.timezone)::date
    where targets.kpi = 'login_compliance'
    group by targets.service_code, targets.channel, targets.kpi
),

adherence as (
    select
        targets.service_code,
        targets.channel,
        targets.kpi,
        sum(shift.adherence_numerator) as numerator,
        sum(shift.adherence_denominator) as denominator
    from targets
    inner join {{ ref('fct_adherence_interval') }} as shift
        on shift.service_code = targets.service_code
        and shift.interval_start >= targets.window_start_at
        and shift.interval_start <= {{ built_as_of() }}
    where targets.kpi = 'adherence'
    group by targets.service_code, targets.channel, targets.kpi
),

measured as (
    select * from contacts
    union all
    select * from waiting
    union all
    select * from staff
    union all
    select * from login
    union all
    select * from adherence
),

final as (
    select
        targets.service_code,
        targets.channel,
        targets.kpi,
        targets.kpi || '/' || targets.formula_version as formula,
        targets.comparator,
        targets.target::double precision as target,
        targets.critical::double precision as critical,
        coalesce(targets.min_volume, 10)::double precision as min_volume,
        targets.window_length_min::double precision as window_min,
        targets.window_start_at,
        -- Observed in the window
        measured.numerator::double precision as numerator,
        measured.denominator::double precision as denominator,
        {{ kpi_value('measured') }} as observed,
        coalesce(behind.is_missed, false) as is_feed_behind,
        {{ built_as_of() }} as as_of,
        -- The window moves with the clock
        true as is_provisional
    from targets
    left join measured using (service_code, channel, kpi)
    left join {{ ref('rpt_behind') }} as behind
        on behind.service_code = targets.service_code
        and behind.what = targets.told_by
)

select
    final.*,
    case
        when final.observed is null then null
        when final.comparator = '>=' then final.observed >= final.target
        else final.observed <= final.target
    end as is_met
from final
