-- One row per unbroken row of short calls that one agent answered for one service. A call that
-- goes on, or whose talk time is unknown, is not short; one answered inside an approved exception
-- is not looked at.
{{
    config(
        meta={
            'touched': 'int_rotg_call_touched',
            'by': ['agent_id', 'service_code'],
            'from': {'from_at': 'started_at'},
        },
        indexes=[{'columns': ['agent_id', 'service_code', 'started_at']}],
    )
}}

with

rules as (
    select * from {{ ref('int_rotg_rule') }}
    where rule_code = 'short_calls_in_row' and is_active
),

calls as (
    select
        touched.agent_id,
        touched.service_code,
        rules.rule_code,
        rules.rule_version,
        rules.threshold,
        call.feed,
        call.call_id,
        call.answered_at,
        call.ended_at,
        coalesce(call.talk_s < rules.limit_s, false) as is_short
    from {{ ref('int_rotg_call_touched') }} as touched
    inner join rules on rules.service_code = touched.service_code
    inner join {{ ref('int_outside_id') }} as outside on outside.agent_id = touched.agent_id
    -- Each id by itself, by index: a planner without statistics, as at a rebuild, is not to choose
    inner join lateral (
        select answered.*
        from {{ ref('int_answered_call') }} as answered
        where answered.external_agent_id = outside.external_id
            and answered.service_code = touched.service_code
            and answered.answered_at >= touched.from_at
        order by answered.answered_at
        offset 0
    ) as call on true
    left join {{ ref('int_exception') }} as excused on excused.agent_id = touched.agent_id
    where not coalesce(call.answered_at <@ excused.excepted, false)
),

-- At one moment the breaking call comes first: a run can begin anew there
numbered as (
    select
        calls.*,
        count(*) filter (where not calls.is_short) over (
            partition by calls.agent_id, calls.service_code
            order by calls.answered_at, calls.is_short, calls.feed, calls.call_id
        ) as breaks
    from calls
),

in_row as (
    select
        numbered.agent_id,
        numbered.service_code,
        numbered.rule_code,
        numbered.rule_version,
        numbered.threshold,
        count(*)::numeric as measured,
        min(numbered.answered_at) as started_at,
        max(greatest(numbered.answered_at, numbered.ended_at)) as ended_at,
        jsonb_agg(
            numbered.call_id order by numbered.answered_at, numbered.feed, numbered.call_id
        ) as call_ids
    from numbered
    where numbered.is_short
    group by
        numbered.agent_id,
        numbered.service_code,
        numbered.rule_code,
        numbered.rule_version,
        numbered.threshold,
        numbered.breaks
    having count(*) >= numbered.threshold
),

final as (
    select
        in_row.agent_id,
        in_row.service_code,
        coalesce(owner.roster_date, (in_row.started_at at time zone service.timezone)::date)
            as roster_date,
        owner.shift_code,
        in_row.rule_code,
        in_row.rule_version,
        in_row.started_at,
        in_row.ended_at,
        in_row.measured,
        in_row.threshold,
        jsonb_build_object('call_ids', in_row.call_ids) as evidence,
        -- The row may grow while the shift goes on
        greatest(in_row.ended_at, owner.window_end_at) as settles_at
    from in_row
    inner join {{ ref('int_service') }} as service on service.service_code = in_row.service_code
    left join lateral (
        select
            shift.roster_date,
            shift.shift_code,
            shift.window_end_at
        from {{ ref('int_shift') }} as shift
        where shift.agent_id = in_row.agent_id
            and shift.window_start_at <= in_row.started_at
            and shift.window_end_at > in_row.started_at
        order by shift.planned_start_at
        limit 1
    ) as owner on true
)

select * from final
