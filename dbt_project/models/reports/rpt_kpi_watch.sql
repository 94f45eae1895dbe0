{%- set now = built_as_of() -%}
with

span as (
    select
        1 as span_id,
        null::text as service_code,
        null::numeric as at_risk_s,
        {{ now }} - max(greatest(watched.long_min, watched.clear_min)) * interval '1 minute'
            as since,
        {{ now }} as until
    from {{ ref('int_watched_kpi') }} as watched
),

decided as (
    {{ decided_contacts('span') }}
),

contacts as (
    {{ kpi_windows('(select ' ~ now ~ ' as moment)', 'decided') }}
),

-- Who is there is compared as it stands
staff as (
    select
        watched.*,
        counted.numerator,
        counted.denominator,
        100.0 * counted.numerator / nullif(counted.denominator, 0) as observed
    from {{ ref('int_watched_kpi') }} as watched
    inner join {{ ref('rpt_staff_now') }} as now on now.service_code = watched.service_code
    cross join
        lateral (
            select
                case watched.kpi
                    when 'attendance' then now.attendance_numerator else now.staffing_numerator
                end as numerator,
                case watched.kpi
                    when 'attendance' then now.attendance_denominator else now.staffing_denominator
                end as denominator
        ) as counted
    where watched.test = 'staff'
),

watched as (
    select * from contacts
    union all
    select
        staff.service_code,
        staff.channel,
        staff.kpi,
        staff.formula,
        staff.rule_version,
        staff.comparator,
        staff.target,
        staff.critical,
        0,
        {{ now }},
        staff.numerator,
        staff.denominator,
        staff.observed,
        staff.observed as at_best,
        staff.observed as short_observed,
        staff.observed as clear_observed,
        0 as at_risk,
        null as at_risk_s,
        {{ is_beyond('staff', 'staff.observed') }} and staff.is_active,
        coalesce(
            {{ is_recovered('staff', 'staff.observed') }},
            -- Nobody is expected any more
            true
        ),
        staff.missed_for_min,
        staff.clear_for_min,
        {{ now }}
    from staff
),

-- The one that ends last, where several hold
peaks as (
    select distinct on (watched.service_code, watched.channel, watched.kpi)
        watched.service_code,
        watched.channel,
        watched.kpi,
        peak.peak_id,
        peak.end_at
    from watched
    inner join {{ ref('stg_canonical__expected_peak') }} as peak
        on peak.service_code = watched.service_code
        and peak.kpi = watched.kpi
        and coalesce(peak.channel, watched.channel) = watched.channel
        and peak.is_approved
        and peak.start_at <= {{ now }}
        and peak.end_at > {{ now }}
    order by watched.service_code, watched.channel, watched.kpi, peak.end_at desc, peak.peak_id
)

select
    watched.service_code,
    watched.channel,
    watched.kpi,
    watched.formula,
    watched.rule_version,
    watched.comparator,
    watched.target::double precision as target,
    watched.critical::double precision as critical,
    rule.stated_severity,
    watched.decided_over_min::double precision as decided_over_min,
    watched.window_start_at,
    watched.numerator::double precision as numerator,
    watched.denominator::double precision as denominator,
    watched.observed::double precision as observed,
    watched.at_best::double precision as at_best,
    watched.short_observed::double precision as short_observed,
    watched.clear_observed::double precision as clear_observed,
    watched.at_risk::double precision as at_risk,
    watched.at_risk_s::double precision as at_risk_s,
    watched.missed_for_min::double precision as missed_for_min,
    watched.clear_for_min::double precision as clear_for_min,
    watched.is_missed,
    watched.is_recovered,
    behind.service_code is not null as is_feed_behind,
    peaks.peak_id as expected_peak_id,
    peaks.end_at as expected_until,
    watched.moment as as_of,
    -- The windows move with the clock
    true as is_provisional
from watched
inner join {{ ref('int_watched_kpi') }} as rule using (service_code, channel, kpi)
left join peaks using (service_code, channel, kpi)
left join {{ ref('rpt_behind') }} as behind
    on behind.service_code = watched.service_code and behind.what = rule.told_by
