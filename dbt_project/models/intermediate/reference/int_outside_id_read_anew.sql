-- One row per outside id whose events are read differently than before: as another agent's, or
-- their naive times in another zone, which is that of the agent's service.
{{ config(materialized='view') }}

select aliases.external_id
from {{ ref('stg_canonical__agent_alias') }} as aliases
where {{ arrived('aliases') }}
union
select agents.agent_id
from {{ ref('int_agent') }} as agents
where {{ arrived('agents') }}
union
select aliases.external_id
from {{ ref('int_agent') }} as agents
inner join {{ ref('stg_canonical__agent_alias') }} as aliases
    on aliases.agent_id = agents.agent_id
where {{ arrived('agents') }}
