-- One row per outside id of an agent in one source.
select
    agent_alias.source,
    agent_alias.external_id,
    agent_alias.agent_id,
    agent_alias._load_id
from {{ source('raw', 'agent_alias') }} as agent_alias
