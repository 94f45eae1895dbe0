-- One row per version of an agent, a team, a service or a KPI target: what the site said of it, and
-- from which delivery on. Raw keeps the latest version only, so no earlier one can be computed
-- again: nothing makes this table anew, no rebuild and no --full-refresh.
{{
    config(
        incremental_strategy='delete+insert',
        unique_key=['feed', 'key', 'known_from_at'],
        full_refresh=false,
        indexes=[{'columns': ['feed', 'key', 'known_from_at'], 'unique': true}],
    )
}}

with

-- What the marts show of each: another change is no version
arrived as (
    select
        'agent' as feed,
        array[agent.agent_id] as key,
        to_jsonb(agent) - array['_load_id', 'work_pattern', 'night_shift_allowed'] as cells,
        agent._load_id
    from {{ ref('stg_canonical__agent') }} as agent
    where {{ arrived('agent') }}
    union all
    select
        'team',
        array[team.team_code],
        to_jsonb(team) - '_load_id',
        team._load_id
    from {{ ref('stg_canonical__team') }} as team
    where {{ arrived('team') }}
    union all
    select
        'service',
        array[service.service_code],
        to_jsonb(service) - '_load_id',
        service._load_id
    from {{ ref('stg_canonical__service') }} as service
    where {{ arrived('service') }}
    union all
    select
        'kpi_target',
        array[
            kpi_target.service_code,
            kpi_target.channel,
            kpi_target.kpi,
            kpi_target.effective_from::text
        ],
        to_jsonb(kpi_target) - '_load_id',
        kpi_target._load_id
    from {{ ref('stg_canonical__kpi_target') }} as kpi_target
    where {{ arrived('kpi_target') }}
),

{% if is_incremental() %}
latest as (
    select distinct on (version.feed, version.key) version.*
    from {{ this }} as version
    order by version.feed, version.key, version.known_from_at desc
),
{% else %}
latest as (
    select
        arrived.feed,
        arrived.key,
        arrived.cells,
        null::timestamptz as known_from_at
    from arrived
    where false
),
{% endif %}

final as (
    select
        arrived.feed,
        arrived.key,
        arrived.cells,
        -- The load that changed the row; a repeated delivery does not move it. A row that waited
        -- for its service came with the service, but never before what it replaces.
        greatest(ledger.arrived_at, latest.known_from_at) as known_from_at
    from arrived
    inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = arrived._load_id
    left join latest on latest.feed = arrived.feed and latest.key = arrived.key
    where arrived.cells is distinct from latest.cells
)

select * from final
