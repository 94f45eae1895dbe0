-- One row per agent, team, service or KPI target of which something was delivered since the last
-- run, or whose service has become known.
{{ config(materialized='view') }}

with

new_services as (
    select service.service_code
    from {{ ref('stg_canonical__service') }} as service
    where {{ arrived('service') }}
)

select
    'agent' as feed,
    array[agent.agent_id] as key
from {{ ref('stg_canonical__agent_delivery') }} as agent
where {{ arrived('agent') }}
union
select
    'service',
    array[service.service_code]
from {{ ref('stg_canonical__service_delivery') }} as service
where {{ arrived('service') }}
union
select
    'team',
    array[team.team_code]
from {{ ref('stg_canonical__team_delivery') }} as team
where
    ({{ arrived('team') }})
    or team.service_code in (select new_services.service_code from new_services)
union
select
    'kpi_target',
    array[target.service_code, target.channel, target.kpi, target.effective_from::text]
from {{ ref('stg_canonical__kpi_target_delivery') }} as target
where
    ({{ arrived('target') }})
    or target.service_code in (select new_services.service_code from new_services)
