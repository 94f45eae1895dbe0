-- One row per unbroken row of short calls that one agent answered for one service, or of calls that
-- rang at his desk and that nobody answered. What is not known to be short, or unanswered, breaks a
-- row; what lies inside an approved exception is not looked at.
{{
    config(
        meta={
            'touched': 'int_rotg_call_touched',
            'by': ['agent_id', 'service_code', 'rule_code'],
            'from': {'from_at': 'started_at'},
        },
        indexes=[
            {'columns': ['agent_id', 'service_code', 'started_at']},
            {'columns': ['service_code', 'roster_date']},
        ],
    )
}}

with

rules as (
    select * from {{ ref('int_rotg_rule') }}
    where is_active
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
        call.ring_id,
        call.occurred_at,
        call.ended_at,
        {{ counts_in_row('call', 'rules') }} as is_counted
    from {{ ref('int_rotg_call_touched') }} as touched
    inner join rules
        on rules.service_code = touched.service_code
        and rules.rule_code = touched.rule_code
    inner join {{ ref('int_outside_id') }} as outside on outside.agent_id = touched.agent_id
    -- Each id by itself, by index: a planner without statistics, as at a rebuild, is not to choose
    inner join lateral (
        select seen.*
        from {{ ref('int_desk_call') }} as seen
        where seen.rule_code = touched.rule_code
            and seen.external_agent_id = outside.external_id
            and seen.service_code = touched.service_code
            and seen.occurred_at >= touched.from_at
            and {{ is_named('outside', 'seen') }}
        order by seen.occurred_at
        {{ by_itself() }}
    ) as call on true
    left join {{ ref('int_exception') }} as excused on excused.agent_id = touched.agent_id
    where not coalesce(call.occurred_at <@ excused.excepted, false)
),

-- At one moment the breaking call comes first: a run can begin anew there
numbered as (
    select
        calls.*,
        count(*) filter (where not calls.is_counted) over (
            partition by calls.agent_id, calls.service_code, calls.rule_code
            order by
                calls.occurred_at, calls.is_counted, calls.feed, calls.call_id, calls.ring_id
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
        min(numbered.occurred_at) as started_at,
        max(greatest(numbered.occurred_at, numbered.ended_at)) as ended_at,
        jsonb_agg(
            case numbered.rule_code
                when 'ringing_unanswered'
                    then jsonb_build_object(
                        'call_id', numbered.call_id,
                        'rang_at', {{ told_instant('numbered.occurred_at') }}
                    )
                else to_jsonb(numbered.call_id)
            end
            order by numbered.occurred_at, numbered.feed, numbered.call_id, numbered.ring_id
        ) as proof
    from numbered
    where numbered.is_counted
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
        jsonb_build_object(
            case in_row.rule_code when 'ringing_unanswered' then 'rings' else 'call_ids' end,
            in_row.proof
        ) as evidence,
        -- The row may grow while the shift goes on
        greatest(in_row.ended_at, owner.window_end_at) as settles_at
    from in_row
    inner join {{ ref('int_service') }} as service on service.service_code = in_row.service_code
    left join lateral {{ shift_owning('in_row.agent_id', 'in_row.started_at') }} as owner on true
)

select * from final
