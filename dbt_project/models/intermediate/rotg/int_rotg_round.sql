-- One row per round of the floor that counts: made up to the clock, and not voided by then.
{{ config(materialized='view') }}

select
    made.round_id,
    made.service_code,
    made.roster_date,
    made.shift_code,
    made.team_code,
    made.checked_by,
    made.checked_at
from {{ source('ops', 'rotg_round') }} as made
where made.checked_at <= {{ built_as_of() }}
    and not exists (
        select from {{ source('ops', 'rotg_void') }} as void
        where void.round_id = made.round_id and void.voided_at <= {{ built_as_of() }}
    )
