-- One row per outside id that stands for an agent where no source is given, as in calls and
-- conversations: the agent's own id, else an alias that names one agent only.
{{ config(materialized='view', incremental_strategy=none) }}

with

agents as (
    select * from {{ ref('stg_canonical__agent') }}
),

final as (
    select
        agents.agent_id as external_id,
        agents.agent_id
    from agents
    union all
    select
        aliases.external_id,
        min(aliases.agent_id)
    from {{ ref('stg_canonical__agent_alias') }} as aliases
    left join agents on agents.agent_id = aliases.external_id
    where agents.agent_id is null
    group by aliases.external_id
    having min(aliases.agent_id) = max(aliases.agent_id)
)

select * from final
