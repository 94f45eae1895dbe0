select
    nonvoice.service_code,
    nonvoice.channel,
    nonvoice.interval_start,
    -- Responses to the conversations received in the interval
    nonvoice.received,
    nonvoice.responded,
    nonvoice.responded_in_target,
    nonvoice.overdue_unanswered,
    nonvoice.threshold_s::double precision as response_time_threshold_s,
    nonvoice.responded_in_target as response_time_numerator,
    nonvoice.responded + nonvoice.overdue_unanswered as response_time_denominator,
    case
        when nonvoice.threshold_s is not null
            then {{ percent(
                'nonvoice.responded_in_target',
                '(nonvoice.responded + nonvoice.overdue_unanswered)'
            ) }}
    end as response_time_pct,
    'response_time/1' as response_time_formula,
    nonvoice.first_response_s_sum,
    nonvoice.first_response_s_sum / nullif(nonvoice.responded, 0) as avg_first_response_s,
    nonvoice.p50_first_response_s,
    nonvoice.p90_first_response_s,
    -- Waiting list at the interval's end
    nonvoice.waiting_list,
    nonvoice.oldest_waiting_s,
    -- Clock
    {{ built_as_of() }} as as_of,
    nonvoice.is_provisional
from {{ ref('int_nonvoice_interval') }} as nonvoice
