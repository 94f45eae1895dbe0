-- depends_on: {{ ref('int_shift_touched') }}
-- One row per agent, rostered working shift and interval in which the agent was scheduled or, in
-- the window of the shift, logged in; up to the clock and net of approved exceptions.
{{
    config(
        meta={
            'touched': 'int_shift_touched',
            'by': ['agent_id', 'service_code', 'roster_date', 'shift_code'],
        },
        indexes=[
            {
                'columns': [
                    'agent_id', 'service_code', 'roster_date', 'shift_code', 'interval_start'
                ],
                'unique': true,
            },
            {'columns': ['service_code', 'interval_start']},
        ],
    )
}}

with

shifts as (
    select
        presence.agent_id,
        presence.service_code,
        presence.roster_date,
        presence.shift_code,
        presence.function,
        presence.timezone,
        presence.window_start_at,
        least(presence.window_end_at, {{ as_of() }}) as runs_to,
        presence.settles_at,
        tstzmultirange(
            tstzrange(
                presence.planned_start_at,
                greatest(presence.planned_start_at, least(presence.planned_end_at, {{ as_of() }}))
            )
        ) - presence.excepted as scheduled,
        presence.logged_in - presence.excepted as logged_in,
        coalesce(aux.excess, '{}'::tstzmultirange) as excess,
        coalesce(aux.unproductive, '{}'::tstzmultirange) as unproductive
    from {{ ref('int_shift_presence') }} as presence
    cross join
        lateral (
            select
            -- Beyond the allowance
                range_agg(stretch.excess) filter (where stretch.excess is not null) as excess,
                -- In which no contact is served
                range_agg(stretch.stretch) filter (where not stretch.is_productive) as unproductive
            from {{ ref('int_shift_aux_stretch') }} as stretch
            where stretch.agent_id = presence.agent_id
                and stretch.service_code = presence.service_code
                and stretch.roster_date = presence.roster_date
                and stretch.shift_code = presence.shift_code
        ) as aux
    where presence.window_start_at < {{ as_of() }}
),

intervals as (
    select
        shifts.*,
        step.interval_start,
        step.interval_start + {{ interval_length() }} as interval_end,
        tstzmultirange(
            tstzrange(step.interval_start, step.interval_start + {{ interval_length() }})
        ) as span
    from shifts
    cross join
        generate_series(
            {{ interval_start('shifts.window_start_at', 'shifts.timezone') }},
            shifts.runs_to,
            {{ interval_length() }}
        ) as step (interval_start)
),

measured as (
    select
        intervals.agent_id,
        intervals.service_code,
        intervals.roster_date,
        intervals.shift_code,
        intervals.function,
        intervals.interval_start,
        {{ seconds_in('intervals.scheduled * intervals.span') }} as scheduled_s,
        -- Logged out, or in AUX beyond the allowance
        {{ seconds_in(
            'intervals.scheduled * intervals.span - (intervals.logged_in - intervals.excess)'
        ) }} as out_s,
        {{ seconds_in('intervals.logged_in * intervals.span') }} as logged_in_s,
        -- Scheduled, logged in, and there for customers
        {{ seconds_in(
            'intervals.scheduled * intervals.span * (intervals.logged_in - intervals.unproductive)'
        ) }} as available_s,
        -- From this clock on, nothing but what arrives can change the row
        greatest(intervals.settles_at, intervals.interval_end) as settles_at
    from intervals
),

final as (
    select measured.*
    from measured
    where measured.scheduled_s > 0 or measured.logged_in_s > 0
)

select * from final
