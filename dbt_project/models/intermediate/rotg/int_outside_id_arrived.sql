-- One row per outside id and agent that have found each other since the last run.
{{ config(materialized='view') }}

select distinct
    outside.external_id,
    outside.agent_id
from {{ ref('int_outside_id_changed') }} as changed
inner join {{ ref('int_outside_id') }} as outside on outside.external_id = changed.external_id
