-- One row per delivered version of an agent event, whatever source told it as such. What a
-- queue_log tells must be put together first, in int_asterisk_event.
{{ config(materialized='view') }}

select
    event.*,
    'agent_event' as feed
from {{ ref('stg_canonical__agent_event') }} as event
union all
select
    event.*,
    'amazon_connect_agent_event'
from {{ ref('stg_amazon_connect__agent_event') }} as event
union all
select
    event.*,
    'genesys_user_status'
from {{ ref('stg_genesys__agent_event') }} as event
