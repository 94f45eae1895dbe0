{#- Enough for a late file to be noticed, and seldom enough to cost nothing -#}
{%- set again_after = "interval '10 minutes'" -%}
{%- set most = 20 -%}
with

-- Those whose plan nobody has begun to carry out, the longest uncounted first
breaches as (
    select breach.*
    from {{ source('ops', 'breach') }} as breach
    inner join {{ source('ops', 'recovery_plan') }} as plan on plan.breach_id = breach.breach_id
    where plan.status in ('draft', 'submitted', 'returned', 'verified')
        -- Reopened is what was carried out
        and plan.times_reopened = 0
        and breach.roster_date is null
        and coalesce(breach.recounted_at, breach.detected_at)
        <= {{ built_as_of() }} - {{ again_after }}
    order by coalesce(breach.recounted_at, breach.detected_at), breach.breach_id
    limit {{ most }}
),

-- The target of that day, as it is known now. Without one there is nothing to hold it against.
targets as (
    select distinct on (breaches.breach_id)
        breaches.breach_id,
        target.target,
        {{ threshold_of('target') }} as threshold_s,
        target.formula_version
    from breaches
    inner join {{ ref('int_service') }} as service on service.service_code = breaches.service_code
    inner join {{ ref('stg_canonical__kpi_target') }} as target
        on target.service_code = breaches.service_code
        and target.channel = breaches.channel
        and target.kpi = breaches.kpi
        and (breaches.detected_at at time zone service.timezone)::date
        between target.effective_from and coalesce(target.effective_to, 'infinity')
    order by breaches.breach_id, target.effective_from desc
),

span as (
    select
        breaches.breach_id as span_id,
        breaches.service_code,
        breaches.at_risk_s,
        breaches.started_at as since,
        breaches.detected_at as until
    from breaches
),

decided as (
    {{ decided_contacts('span') }}
),

contacts as (
    select
        breaches.breach_id,
        watched.unit,
        breaches.comparator,
        breaches.at_risk_s,
        count(decided.value) filter (
            where decided.decided_at > breaches.started_at
            and decided.decided_at <= breaches.detected_at
        ) as n,
        coalesce(
            sum(decided.value) filter (
                where decided.decided_at > breaches.started_at
                and decided.decided_at <= breaches.detected_at
            ),
            0
        ) as total,
        {{ waiting_counts('decided', 'breaches.detected_at') }},
        {{ served_lately('decided', 'breaches.detected_at') }}
    from breaches
    inner join {{ ref('int_watched_kpi') }} as watched
        on watched.service_code = breaches.service_code
        and watched.channel = breaches.channel
        and watched.kpi = breaches.kpi
        and watched.test in ('rate', 'mean')
    -- Contacts are counted by the target of today: only where that of the day asked for the same
    inner join targets
        on targets.breach_id = breaches.breach_id
        and targets.threshold_s is not distinct from watched.threshold_s
        and targets.formula_version = watched.formula_version
    left join decided
        on decided.span_id = breaches.breach_id
        and decided.channel = breaches.channel
        and decided.kpi = breaches.kpi
    group by
        breaches.breach_id, watched.unit, breaches.comparator, breaches.at_risk_s,
        breaches.detected_at
),

-- A short window counted what was at risk, by the limit of that time, among what was missed
contacts_counted as (
    select
        contacts.breach_id,
        contacts.total
        + case contacts.comparator when '>=' then 0 else foreseen.at_risk end as numerator,
        contacts.n + foreseen.at_risk as denominator,
        contacts.unit
    from contacts
    cross join lateral (
        select
            case
                when contacts.at_risk_s is null then 0
                else {{ foreseen_lost('contacts', 'contacts.at_risk_s') }}
            end as at_risk
    ) as foreseen
),

-- What stood there at the detection
waiting as (
    select
        breaches.breach_id,
        {{ level_of('breaches', 'services', 'conversations', 'breaches.detected_at') }} as level
    from breaches
    inner join {{ ref('int_service') }} as services
        on services.service_code = breaches.service_code
    cross join lateral {{ waiting_at('breaches', 'breaches.detected_at') }} as conversations
    where breaches.kpi in ('waiting_list', 'oldest_waiting')
),

-- Of the shifts that ran, those whose agent had come, of those of which that was known
attendance as (
    select
        breaches.breach_id,
        count(*) filter (where shift.first_login_at <= breaches.detected_at) as came,
        count(*) as known
    from breaches
    inner join {{ ref('int_service') }} as service on service.service_code = breaches.service_code
    inner join {{ ref('int_shift_attendance') }} as shift
        on shift.service_code = breaches.service_code
        and {{ shift_runs_at('shift', 'breaches.detected_at', 'service.timezone') }}
        and shift.status in ('present', 'late', 'no_show', 'absent')
        and (
            shift.first_login_at <= breaches.detected_at
            or shift.planned_start_at + service.no_show_after_s * interval '1 second'
            <= breaches.detected_at
        )
    where breaches.kpi = 'attendance'
    group by breaches.breach_id
),

-- Agents in the interval up to the detection, and those required in it, as rpt_staff_now had it
staffing as (
    select
        breaches.breach_id,
        evaluation.required,
        (
            select
                coalesce(
                    sum({{ seconds_in('presence.logged_in * until.span - presence.excepted') }}), 0
                )
            from {{ ref('int_shift_presence') }} as presence
            where presence.service_code = breaches.service_code
                and presence.roster_date
                between (breaches.detected_at at time zone service.timezone)::date - 1
                and (breaches.detected_at at time zone service.timezone)::date
                and presence.function <> 'rtfm'
        ) / {{ seconds_in('until.span') }} as present
    from breaches
    inner join {{ ref('int_service') }} as service on service.service_code = breaches.service_code
    cross join
        lateral (
            select
                {{ staffed_interval('breaches.detected_at', 'service.timezone') }} as interval_start
        ) as running
    cross join
        lateral (
            select
                tstzmultirange(
                    tstzrange(
                        running.interval_start,
                        least(
                            breaches.detected_at, running.interval_start + {{ interval_length() }}
                        )
                    )
                ) as span
        ) as until
    inner join {{ ref('fct_roster_evaluation') }} as evaluation
        on evaluation.service_code = breaches.service_code
        and evaluation.interval_start = running.interval_start
    where breaches.kpi = 'staffing'
),

counted as (
    select
        contacts_counted.breach_id,
        contacts_counted.numerator as recounted_numerator,
        contacts_counted.denominator as recounted_denominator,
        contacts_counted.unit * contacts_counted.numerator
        / nullif(contacts_counted.denominator, 0) as recounted
    from contacts_counted
    union all
    select
        waiting.breach_id,
        waiting.level as recounted_numerator,
        1 as recounted_denominator,
        waiting.level as recounted
    from waiting
    union all
    select
        attendance.breach_id,
        attendance.came,
        attendance.known,
        {{ percent('attendance.came', 'attendance.known') }}
    from attendance
    union all
    select
        staffing.breach_id,
        staffing.present,
        staffing.required,
        {{ percent('staffing.present', 'staffing.required') }}
    from staffing
)

select
    breaches.breach_id,
    breaches.service_code,
    breaches.channel,
    breaches.kpi,
    breaches.comparator,
    breaches.target::double precision as target,
    -- At detection
    breaches.observed::double precision as observed,
    breaches.numerator::double precision as numerator,
    breaches.denominator::double precision as denominator,
    -- As it is known now
    targets.target::double precision as recounted_target,
    counted.recounted::double precision as recounted,
    counted.recounted_numerator::double precision as recounted_numerator,
    counted.recounted_denominator::double precision as recounted_denominator,
    targets.target is not null
    and counted.breach_id is not null
    and coalesce(
        case breaches.comparator
            when '>=' then counted.recounted >= targets.target
            else counted.recounted <= targets.target
        end,
        -- Nothing of what was counted is there any more
        true
    ) as is_met,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from breaches
left join targets on targets.breach_id = breaches.breach_id
left join counted on counted.breach_id = breaches.breach_id
