-- One row per call and kind of defect in the version that holds. `after_as_of` is a candidate: its
-- reader asks whether the time still lies after the clock.
{{
    config(
        meta={'touched': 'int_call_arrival', 'by': ['feed', 'call_id']},
        indexes=[{'columns': ['feed', 'call_id']}],
    )
}}

with

holding as (
    {{ version_that_holds(ref('int_call_arrival'), ['feed', 'call_id']) }}
),

timed as (
    select
        holding.*,
        coalesce(
            holding.left_at, case when holding.outcome = 'abandoned' then holding.ended_at end
        ) as gave_up_at,
        greatest(
            holding.arrived_at,
            holding.queued_at,
            holding.answered_at,
            holding.left_at,
            holding.ended_at
        ) as latest_at
    from holding
),

placed as (
    select
        timed.*,
        timed.latest_at > {{ as_of() }} as is_early
    from timed
),

final as (
    select
        placed.feed,
        placed.call_id,
        defect.kind,
        placed.service_code,
        case when defect.kind = 'after_as_of' then placed.latest_at else placed.offered_at end
            as occurred_at,
        defect.detail,
        placed.delivered_file,
        placed.delivered_row
    from placed
    cross join
        lateral (
            values
            (
                'negative_duration',
                least(placed.talk_s, placed.hold_s, placed.acw_s) < 0,
                concat_ws(
                    ', ',
                    case when placed.talk_s < 0 then 'talk_s is ' || placed.talk_s end,
                    case when placed.hold_s < 0 then 'hold_s is ' || placed.hold_s end,
                    case when placed.acw_s < 0 then 'acw_s is ' || placed.acw_s end
                )
            ),
            (
                'hold_longer_than_call',
                placed.talk_s is null
                and placed.ended_at >= placed.answered_at
                and placed.hold_s > {{ seconds_between('placed.answered_at', 'placed.ended_at') }},
                'no talk_s, and hold_s is more than the time from answer to end'
            ),
            (
                'queued_before_arrived',
                placed.queued_at < placed.arrived_at,
                {{ told_seconds('queued %s s before it arrived', 'placed.queued_at',
                    'placed.arrived_at') }}
            ),
            (
                'answered_before_queued',
                placed.answered_at < placed.offered_at,
                {{ told_seconds('answered %s s before it was offered', 'placed.answered_at',
                    'placed.offered_at') }}
            ),
            (
                'left_before_queued',
                placed.gave_up_at < placed.offered_at,
                {{ told_seconds('left %s s before it was offered', 'placed.gave_up_at',
                    'placed.offered_at') }}
            ),
            (
                'ended_before_answered',
                placed.ended_at < placed.answered_at,
                {{ told_seconds('ended %s s before it was answered', 'placed.ended_at',
                    'placed.answered_at') }}
            ),
            (
                'after_as_of',
                placed.is_early,
                case placed.latest_at
                    when placed.ended_at then 'ended_at'
                    when placed.left_at then 'left_at'
                    when placed.answered_at then 'answered_at'
                    when placed.queued_at then 'queued_at'
                    else 'arrived_at'
                end || ' lies after as_of'
            )
        ) as defect (kind, applies, detail)
    where defect.applies
)

select * from final
