-- One row per person: agents, team leaders, coordinators and workforce management.
select
    {{ agent_cells('agent') }},
    agent._load_id
from {{ source('raw', 'agent') }} as agent
