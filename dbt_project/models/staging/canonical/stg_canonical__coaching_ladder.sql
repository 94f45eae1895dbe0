-- One row per step of the ladder of coaching that the site states, for one service or for all
-- (service_code is null). A step without a place or periods is not stated; no period is longer than
-- ten years.
with

told as (
    select
        coaching_ladder.service_code,
        lower(coaching_ladder.step_code) as step_code,
        {%- for column in ['step_no', 'lapses_after_days', 'follow_up_days'] %}
        {{ number('coaching_ladder.' ~ column) }} as {{ column }},
        {%- endfor %}
        coaching_ladder.step_name,
        coalesce(coaching_ladder.step_name_indonesian, coaching_ladder.step_name)
            as step_name_indonesian,
        coalesce({{ truth('coaching_ladder.is_active') }}, true) as is_active,
        coaching_ladder._load_id
    from {{ source('raw', 'coaching_ladder') }} as coaching_ladder
)

select
    told.service_code,
    told.step_code,
    told.step_no::bigint as step_no,
    told.step_name,
    told.step_name_indonesian,
    least(told.lapses_after_days, 3650)::bigint as lapses_after_days,
    least(told.follow_up_days, 3650)::bigint as follow_up_days,
    told.is_active,
    told._load_id
from told
where told.step_no >= 1 and told.lapses_after_days >= 1 and told.follow_up_days >= 1
