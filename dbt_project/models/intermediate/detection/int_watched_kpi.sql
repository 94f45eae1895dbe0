-- One row per service, channel and KPI with a target in force on the local date, and how its miss
-- is told there.
{{ config(materialized='view') }}

select
    in_force.service_code,
    in_force.channel,
    in_force.kpi,
    in_force.kpi || '/' || in_force.formula_version as formula,
    in_force.formula_version,
    -- Target
    in_force.comparator,
    in_force.target,
    in_force.critical,
    {{ threshold_of('in_force') }} as threshold_s,
    coalesce(in_force.min_volume, 10) as min_volume,
    coalesce(in_force.window_min, 30) as window_min,
    -- Rule
    rule.test,
    case rule.test when 'rate' then 100.0 else 1.0 end as unit,
    rule.rule_version,
    least(
        coalesce(stated.latest_min, rule.latest_min), coalesce(stated.short_min, rule.short_min)
    ) as latest_min,
    coalesce(stated.short_min, rule.short_min) as short_min,
    greatest(
        coalesce(stated.long_min, rule.long_min), coalesce(in_force.window_min, 30)
    ) as long_min,
    coalesce(stated.sure_z, rule.sure_z) as sure_z,
    coalesce(stated.fast_z, rule.fast_z) as fast_z,
    -- Seconds of waiting from which on a contact is at risk. Who usually waits long waits longer.
    case
        when rule.at_risk_s is null then null
        when in_force.channel = 'voice'
            then coalesce(stated.at_risk_s, greatest(rule.at_risk_s, 3 * usual.wait_s))
        else in_force.threshold_s
            - least(coalesce(stated.at_risk_s, rule.at_risk_s), in_force.threshold_s / 2)
    end as at_risk_s,
    coalesce(stated.missed_for_min, rule.missed_for_min) as missed_for_min,
    coalesce(stated.clear_min, rule.clear_min) as clear_min,
    coalesce(stated.clear_margin, rule.clear_margin) as clear_margin,
    coalesce(stated.clear_for_min, rule.clear_for_min) as clear_for_min,
    coalesce(stated.is_active, rule.is_active) as is_active,
    stated.severity as stated_severity,
    in_force.told_by,
    -- Service
    in_force.timezone,
    in_force.has_opening_hours
from {{ ref('int_target_in_force') }} as in_force
inner join {{ ref('stg_breach__rule') }} as rule on rule.kpi = in_force.kpi
left join {{ ref('stg_canonical__breach_rule') }} as stated
    on stated.service_code = in_force.service_code and stated.kpi = in_force.kpi
-- In half of the intervals of the seven days before today: neither today nor one bad day is usual
left join lateral (
    select
        percentile_cont(0.5) within group (order by earlier.wait_s_sum / earlier.answered)
            as wait_s
    from {{ ref('int_voice_interval') }} as earlier
    where earlier.service_code = in_force.service_code
        and earlier.answered > 0
        and earlier.interval_start < date_trunc('day', {{ built_as_of() }}, in_force.timezone)
        and earlier.interval_start
        >= date_trunc('day', {{ built_as_of() }}, in_force.timezone) - interval '7 days'
) as usual on in_force.channel = 'voice' and rule.at_risk_s is not null
