-- One row per agent and rostered shift, days off left out: attendance and login compliance.
{{
    config(
        meta={
            'touched': 'int_shift_touched',
            'by': ['agent_id', 'service_code', 'roster_date', 'shift_code'],
        },
        indexes=[
            {
                'columns': ['agent_id', 'service_code', 'roster_date', 'shift_code'],
                'unique': true,
            },
            {'columns': ['service_code', 'roster_date']},
            {'columns': ['settles_at']},
        ],
    )
}}

with

shifts as (
    select shift.*
    from {{ ref('int_shift_touched') }}
    inner join {{ ref('int_shift') }} as shift
        using (agent_id, service_code, roster_date, shift_code)
),

services as (
    select * from {{ ref('int_service') }}
),

measured as (
    select
        presence.*,
        presence.planned_end_at <= {{ as_of() }} as is_over,
        not isempty(presence.presence) as has_presence,
        -- Wholly inside approved exceptions
        tstzrange(presence.planned_start_at, presence.planned_end_at) <@ presence.excepted
            as is_excused,
        -- The first moment at which the agent was expected
        lower(
            tstzmultirange(tstzrange(presence.planned_start_at, presence.planned_end_at))
            - presence.excepted
        ) as expected_from,
        {{ seconds_in('presence.presence') }} as present_s,
        {{ seconds_in(
            'tstzmultirange(tstzrange(presence.planned_start_at, lower(presence.presence)))'
            ' - presence.excepted'
        ) }} as login_late_s,
        {{ seconds_in(
            'tstzmultirange(tstzrange(upper(presence.presence), presence.planned_end_at))'
            ' - presence.excepted'
        ) }} as logout_early_s,
        gaps.during as gaps,
        {{ seconds_in('gaps.during') }} as gap_s,
        {{ seconds_in(
            'presence.logged_in_properly'
            ' * tstzmultirange(tstzrange(presence.planned_end_at, presence.window_end_at))'
            ' - presence.excepted'
        ) }} as overtime_s,
        {{ seconds_in('presence.logged_in - presence.excepted') }} as logged_in_s,
        -- Scheduled up to the clock, and of that what no exception takes away
        {{ seconds_in(
            'tstzmultirange(tstzrange(presence.planned_start_at, greatest('
            'presence.planned_start_at, least(presence.planned_end_at, ' ~ as_of() ~ '))))'
            ' - presence.excepted'
        ) }} as expected_s
    from {{ ref('int_shift_presence') }} as presence
    cross join
        lateral (
            select
                tstzmultirange(range_merge(presence.presence))
                - presence.presence
                - presence.excepted as during
        ) as gaps
),

judged as (
    select
        measured.*,
        services.logout_tolerance_s,
        case
            when measured.is_excused then 'excused'
            when measured.has_presence and measured.login_late_s > services.login_tolerance_s
                then 'late'
            when measured.has_presence then 'present'
            when measured.is_over then 'absent'
            when {{ as_of() }} < measured.planned_start_at then 'not_due'
            when extract(epoch from {{ as_of() }} - measured.expected_from)
                < services.no_show_after_s
                then 'pending'
            else 'no_show'
        end as status
    from measured
    inner join services on services.service_code = measured.service_code
),

working as (
    select
        judged.agent_id,
        judged.service_code,
        judged.roster_date,
        judged.shift_code,
        judged.function,
        judged.kind,
        judged.planned_start_at,
        judged.planned_end_at,
        -- Attendance
        case when not judged.is_excused then lower(judged.logged_in) end as first_login_at,
        case when not judged.is_excused and not judged.is_open then upper(judged.logged_in) end
            as last_logout_at,
        {{ seconds_between('judged.planned_start_at', 'judged.planned_end_at') }} as scheduled_s,
        case when judged.is_excused then 0 else judged.present_s end as present_s,
        judged.status,
        -- Login compliance
        case when not judged.is_excused and judged.has_presence then judged.login_late_s end
            as login_late_s,
        case
            when not judged.is_excused and judged.has_presence and judged.is_over
                then judged.logout_early_s
        end as logout_early_s,
        case when not judged.is_excused and judged.has_presence then judged.gap_s end as gap_s,
        -- Of the first one
        case when not judged.is_excused and judged.has_presence then lower(judged.gaps) end
            as gap_started_at,
        case when not judged.is_excused then judged.overtime_s end as overtime_s,
        case when not judged.is_excused then judged.logged_in_s end as logged_in_s,
        case when not judged.is_excused then judged.expected_s end as expected_s,
        case when not judged.is_excused then judged.auto_closed end as auto_closed,
        case
            when judged.status = 'excused' then null
            when judged.status in ('late', 'no_show', 'absent') then false
            when not judged.is_over then null
            else
                coalesce(
                    judged.logout_early_s <= judged.logout_tolerance_s
                    and judged.gap_s <= judged.logout_tolerance_s,
                    false
                )
        end as is_compliant,
        judged.is_over,
        -- Clock
        judged.window_start_at as begins_at,
        judged.settles_at
    from judged
),

-- Leave, sickness, training and holidays: nobody is expected, nothing is measured
excused as (
    select
        shifts.agent_id,
        shifts.service_code,
        shifts.roster_date,
        shifts.shift_code,
        shifts.function,
        shifts.kind,
        shifts.planned_start_at,
        shifts.planned_end_at,
        coalesce(
            {{ seconds_between('shifts.planned_start_at', 'shifts.planned_end_at') }}, 0
        ) as scheduled_s,
        coalesce(
            shifts.planned_end_at, (shifts.roster_date + 1)::timestamp at time zone shifts.timezone
        ) as settles_at
    from shifts
    where shifts.kind <> 'work'
),

final as (
    select
        working.*,
        working.settles_at > {{ as_of() }} as is_provisional
    from working
    union all
    select
        excused.agent_id,
        excused.service_code,
        excused.roster_date,
        excused.shift_code,
        excused.function,
        excused.kind,
        excused.planned_start_at,
        excused.planned_end_at,
        null,
        null,
        excused.scheduled_s,
        0,
        'excused',
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        excused.settles_at <= {{ as_of() }},
        excused.settles_at as begins_at,
        excused.settles_at,
        excused.settles_at > {{ as_of() }}
    from excused
)

select * from final
