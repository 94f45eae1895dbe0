-- One row per outside id and source in which it stands for an agent. Without a source, as in calls
-- and conversations, that is the agent's own id, else an alias that names one agent only.
{{ config(materialized='view') }}

with

agents as (
    select * from {{ ref('stg_canonical__agent') }}
),

aliases as (
    select * from {{ ref('stg_canonical__agent_alias') }}
),

final as (
    select
        null::text as source,
        agents.agent_id as external_id,
        agents.agent_id
    from agents
    union all
    select
        null::text,
        aliases.external_id,
        min(aliases.agent_id)
    from aliases
    left join agents on agents.agent_id = aliases.external_id
    where agents.agent_id is null
    group by aliases.external_id
    having min(aliases.agent_id) = max(aliases.agent_id)
    union all
    select
        aliases.source,
        aliases.external_id,
        aliases.agent_id
    from aliases
)

select * from final
