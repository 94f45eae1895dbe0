-- One row per finding of a round of the floor: what people saw and no log can tell. Once seen it
-- stands, unless its round is voided.
{{ config(materialized='view') }}

select
    finding.agent_id,
    made.service_code,
    made.roster_date,
    made.shift_code,
    {{ floor_rule('finding.item_code') }} as rule_code,
    'floor/1' as rule_version,
    made.checked_at as started_at,
    made.checked_at as ended_at,
    1 as measured,
    0 as threshold,
    jsonb_build_object(
        'round_id', made.round_id, 'item_code', finding.item_code, 'checked_by', made.checked_by
    ) as evidence,
    made.checked_at as settles_at
from {{ ref('int_rotg_round') }} as made
inner join {{ source('ops', 'rotg_finding') }} as finding on finding.round_id = made.round_id
