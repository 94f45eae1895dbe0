-- One row per delivered version of an agent event, whatever source told it as such. What a
-- queue_log tells must be put together first, in int_asterisk_event.
{{ config(materialized='view', incremental_strategy=none) }}

select
    event.*,
    'agent_event' as feed
from {{ ref('stg_canonical__agent_event') }} as event
