-- One row per kept delivery of an agent, a team, a service or a KPI target: what the marts show of
-- it, and the service that must be known before it counts.
{{ config(materialized='view', incremental_strategy=none) }}

{% set place = ['_arrived_at', '_file_name', '_row', '_file_id', '_load_id'] %}

select
    'agent' as feed,
    array[agent.agent_id] as key,
    to_jsonb(agent) - array['work_pattern', 'night_shift_allowed'] - array{{ place }} as cells,
    null as service_code,
    agent.{{ place | join(', agent.') }}
from {{ ref('stg_canonical__agent_delivery') }} as agent
union all
select
    'team',
    array[team.team_code],
    to_jsonb(team) - array{{ place }},
    team.service_code,
    team.{{ place | join(', team.') }}
from {{ ref('stg_canonical__team_delivery') }} as team
union all
select
    'service',
    array[service.service_code],
    to_jsonb(service) - array{{ place }},
    null,
    service.{{ place | join(', service.') }}
from {{ ref('stg_canonical__service_delivery') }} as service
union all
select
    'kpi_target',
    array[
        kpi_target.service_code,
        kpi_target.channel,
        kpi_target.kpi,
        kpi_target.effective_from::text
    ],
    to_jsonb(kpi_target) - array{{ place }},
    kpi_target.service_code,
    kpi_target.{{ place | join(', kpi_target.') }}
from {{ ref('stg_canonical__kpi_target_delivery') }} as kpi_target
