-- One row per outside id that may stand for another agent than before.
{{ config(materialized='view') }}

select aliases.external_id
from {{ ref('stg_canonical__agent_alias') }} as aliases
where {{ arrived('aliases') }}
union
select agents.agent_id
from {{ ref('stg_canonical__agent') }} as agents
where {{ arrived('agents') }}
