"""Whether a plan had its effect: the KPI is back on target for as many intervals in a row as the
plan names, within its horizon, counted from the moment it was done.

An interval in which nothing was measured says nothing, and one of fewer contacts than the target's
`min_volume` says something only together with those before it. So where a service closes for the
night, the verdict waits for as many measured intervals as it needs. So it does where the data are
behind (`marts.rpt_effect_awaited`), and if they never come there is none. That a plan is closed
meanwhile changes nothing: it is judged as well.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from rtm import audit
from rtm.recovery.changing import SUBJECT, read_plan
from rtm.recovery.telling import tell_of_no_effect
from rtm.settings import Settings

# Of the shifts that run at the beginning of an interval (`staff`, a row of fct_roster_evaluation,
# of a `service`), those whose agent `came` by then, of those of which that was `known` by then: as
# rpt_breach_recount counts them at any moment.
ATTENDANCE = """
    (
        select
            count(*) filter (where shift.first_login_at <= staff.interval_start) as came,
            count(*) as known
        from marts.fct_attendance as shift
        where shift.service_code = staff.service_code
            and shift.planned_start_at <= staff.interval_start
            and shift.planned_end_at > staff.interval_start
            and shift.status in ('present', 'late', 'no_show', 'absent')
            and (
                shift.first_login_at <= staff.interval_start
                or shift.planned_start_at + service.no_show_after_s * interval '1 second'
                <= staff.interval_start
            )
            -- The day before for a shift over midnight, and whatever the zone
            and shift.roster_date >= staff.interval_start::date - 2
            and shift.roster_date <= staff.interval_start::date + 1
    )
"""

# In the terms of the interval marts.
# Who is there is told for each interval that is over: agents on average of those required, and of
# the shifts that ran at its beginning those whose agent had come. The mart holds such an interval
# for provisional until all its shifts are settled, hours after their end; what it says of a time
# that is over changes only with what arrives.
JUDGE = text(
    f"""
    with

    done as (
        select
            plan.plan_id,
            awaited.done_at,
            awaited.horizon_at,
            awaited.told_until,
            plan.on_target_intervals,
            breach.service_code,
            breach.channel,
            breach.kpi,
            breach.comparator,
            breach.target,
            case
                when breach.kpi in ('asa', 'aht', 'waiting_list', 'oldest_waiting') then 1.0
                else 100.0
            end as unit,
            case
                when breach.kpi in ('waiting_list', 'oldest_waiting', 'attendance', 'staffing')
                    then 1
                else coalesce(watched.min_volume, 10)
            end as min_volume
        from marts.rpt_effect_awaited as awaited
        inner join ops.recovery_plan as plan on plan.plan_id = awaited.plan_id
        inner join ops.breach as breach on breach.breach_id = plan.breach_id
        left join intermediate.int_watched_kpi as watched
            on watched.service_code = breach.service_code
            and watched.channel = breach.channel
            and watched.kpi = breach.kpi
        where awaited.done_at <= :as_of
    ),

    measured as (
        select
            done.*,
            counts.interval_start,
            -- Of an interval that its feed has not told to its end some may be missing
            counts.is_provisional
            or coalesce(
                counts.interval_start + make_interval(mins => clock.interval_min::int)
                > done.told_until,
                true
            ) as is_provisional,
            counts.numerator,
            counts.denominator,
            sum(counts.denominator) over so_far as reached,
            sum(counts.denominator) over so_far - counts.denominator as reached_before
        from done
        cross join ops.clock as clock
        cross join lateral (
            select
                told.interval_start,
                told.is_provisional,
                told.numerator,
                told.denominator
            from marts.rpt_kpi_interval as told
            where told.service_code = done.service_code
                and told.channel = done.channel
                and told.kpi = done.kpi
                and told.interval_start >= done.done_at
            union all
            select
                staff.interval_start,
                false,
                case done.kpi
                    when 'staffing' then staff.present / nullif(staff.required, 0)
                    when 'attendance' then (
                        select 1.0 * shifts.came / nullif(shifts.known, 0)
                        from {ATTENDANCE} as shifts
                    )
                end,
                1
            from marts.fct_roster_evaluation as staff
            inner join marts.dim_service as service
                on service.service_code = staff.service_code
            where done.kpi in ('attendance', 'staffing')
                and staff.service_code = done.service_code
                and staff.interval_start >= done.done_at
                and staff.interval_start
                <= cast(:as_of as timestamptz) - make_interval(mins => clock.interval_min::int)
        ) as counts
        where counts.numerator is not null and counts.denominator > 0
        window so_far as (partition by done.plan_id order by counts.interval_start)
    ),

    -- Of few contacts an interval is told together with those before it, as many as it takes
    intervals as (
        select
            measured.*,
            told.is_provisional as is_told_provisional,
            case measured.comparator
                when '>=' then told.value >= measured.target
                else told.value <= measured.target
            end as is_on_target
        from measured
        cross join lateral (
            select max(earlier.reached_before) as from_before
            from measured as earlier
            where earlier.plan_id = measured.plan_id
                and earlier.interval_start <= measured.interval_start
                and earlier.reached_before <= measured.reached - measured.min_volume
        ) as stretch
        cross join lateral (
            select
                measured.unit * sum(part.numerator) / sum(part.denominator) as value,
                bool_or(part.is_provisional) as is_provisional
            from measured as part
            where part.plan_id = measured.plan_id
                and part.interval_start <= measured.interval_start
                and part.reached_before >= stretch.from_before
        ) as told
        where told.value is not null
    ),

    ranked as (
        select
            intervals.*,
            row_number() over in_time as position,
            -- Intervals on target in a row share it
            row_number() over in_time
            - row_number() over (
                partition by intervals.plan_id, intervals.is_on_target
                order by intervals.interval_start
            ) as stretch
        from intervals
        window in_time as (partition by intervals.plan_id order by intervals.interval_start)
    ),

    -- Those within the horizon, and as many as are needed at least
    counted as (
        select * from ranked
        where interval_start < horizon_at or position <= on_target_intervals
    ),

    proven as (
        select distinct plan_id
        from counted
        where is_on_target and not is_told_provisional
        group by plan_id, stretch, on_target_intervals
        having count(*) >= on_target_intervals
    ),

    failed as (
        select plan_id
        from counted
        where horizon_at <= told_until
        group by plan_id, on_target_intervals
        having count(*) >= on_target_intervals and not bool_or(is_told_provisional)
    ),

    -- A missing roster has no intervals: it is back when it has reached the team leaders, also
    -- where its plan was closed, and its breach with it, before that was known
    rosters as (
        select
            plan.plan_id,
            case
                when breach.cleared_because <> 'plan_closed' then breach.cleared_because = 'met'
                when date.status in ('on_time', 'late') then true
                when breach.roster_date
                    < (cast(:as_of as timestamptz) at time zone service.timezone)::date
                    then false
            end as is_effective
        from ops.recovery_plan as plan
        inner join ops.breach as breach on breach.breach_id = plan.breach_id
        inner join marts.dim_service as service on service.service_code = breach.service_code
        left join marts.rpt_roster_date as date
            on date.service_code = breach.service_code
            and date.roster_date = breach.roster_date
        where plan.status in ('done', 'closed')
            and plan.is_effective is null
            and breach.roster_date is not null
            and breach.cleared_at is not null
    ),

    verdicts as (
        select proven.plan_id, true as is_effective from proven
        union all
        select failed.plan_id, false from failed
        where failed.plan_id not in (select proven.plan_id from proven)
        union all
        select rosters.* from rosters where rosters.is_effective is not null
    )

    update ops.recovery_plan as plan
    set is_effective = verdicts.is_effective,
        effect_known_at = :as_of,
        revision = plan.revision + 1
    from verdicts, ops.breach as breach
    where verdicts.plan_id = plan.plan_id
        and breach.breach_id = plan.breach_id
        -- Somebody may have reopened it meanwhile
        and plan.status in ('done', 'closed')
        and plan.is_effective is null
    returning plan.plan_id, plan.is_effective, breach.service_code
    """
)


def judge_effects(connection: Connection, settings: Settings, as_of: datetime) -> int:
    """Judges the plans that are done, by what the marts know at `as_of`; returns how many."""
    judged = connection.execute(JUDGE, {"as_of": as_of}).all()
    for plan in judged:
        audit.record(
            connection,
            *(as_of, audit.PIPELINE, SUBJECT, plan.plan_id, "judge", [plan.service_code]),
            {"changed": {"is_effective": [None, plan.is_effective]}},
        )
        if not plan.is_effective:
            tell_of_no_effect(connection, settings, read_plan(connection, plan.plan_id), as_of)
    return len(judged)
