-- One row per agent and time in which what is known of the agent, and the service of the team, is
-- the same.
{{ config(materialized='view') }}

with

agents as (
    select * from {{ ref('int_reference_version') }} as period
    where period.feed = 'agent'
),

-- The first version of a team stands for all time before it
teams as (
    select
        period.cells ->> 'team_code' as team_code,
        period.cells ->> 'service_code' as service_code,
        case when period.version > 1 then period.known_from_at else '-infinity' end as from_at,
        coalesce(period.known_to_at, 'infinity') as to_at
    from {{ ref('int_reference_version') }} as period
    where period.feed = 'team'
),

pieces as (
    select
        agents.cells,
        agents.cells ->> 'agent_id' as agent_id,
        teams.service_code,
        greatest(agents.known_from_at, teams.from_at) as known_from_at
    from agents
    left join teams
        on teams.team_code = agents.cells ->> 'team_code'
        and teams.from_at < coalesce(agents.known_to_at, 'infinity')
        and teams.to_at > agents.known_from_at
),

compared as (
    select
        pieces.*,
        lag(pieces.cells) over earlier as previous_cells,
        lag(pieces.service_code) over earlier as previous_service_code
    from pieces
    window earlier as (partition by pieces.agent_id order by pieces.known_from_at)
),

-- A team that only changes its name or leader changes nothing of its agents
changes as (
    select * from compared
    where compared.cells is distinct from compared.previous_cells
        or compared.service_code is distinct from compared.previous_service_code
),

final as (
    select
        changes.agent_id,
        changes.cells,
        changes.service_code,
        row_number() over later as version,
        changes.known_from_at,
        lead(changes.known_from_at) over later as known_to_at
    from changes
    window later as (partition by changes.agent_id order by changes.known_from_at)
)

select * from final
