-- One row per version of an agent, a team, a service or a KPI target: what the site said of it, and
-- from which delivery to which.
{{
    config(
        meta={'touched': 'int_reference_touched', 'by': ['feed', 'key']},
        indexes=[{'columns': ['feed', 'key', 'version'], 'unique': true}],
    )
}}

{% set place = ['_arrived_at', '_file_name', '_row', '_file_id'] %}
{% set no_cells = "array['_load_id', '" ~ place | join("', '") ~ "']" %}

with

touched as (
    select * from {{ ref('int_reference_touched') }}
),

-- What the marts show of each: another change is no version
delivered as (
    select
        touched.*,
        to_jsonb(agent) - array['work_pattern', 'night_shift_allowed'] - {{ no_cells }} as cells,
        agent.{{ place | join(', agent.') }}
    from touched
    inner join {{ ref('stg_canonical__agent_delivery') }} as agent
        on agent.agent_id = touched.key[1]
    where touched.feed = 'agent'
    union all
    select
        touched.*,
        to_jsonb(service) - {{ no_cells }},
        service.{{ place | join(', service.') }}
    from touched
    inner join {{ ref('stg_canonical__service_delivery') }} as service
        on service.service_code = touched.key[1]
    where touched.feed = 'service'
    union all
    -- A row that names an unknown service waits for it
    select
        touched.*,
        to_jsonb(team) - {{ no_cells }},
        team.{{ place | join(', team.') }}
    from touched
    inner join {{ ref('stg_canonical__team_delivery') }} as team
        on team.team_code = touched.key[1]
    inner join {{ ref('stg_canonical__service') }} as service
        on service.service_code = team.service_code
    where touched.feed = 'team'
    union all
    select
        touched.*,
        to_jsonb(kpi_target) - {{ no_cells }},
        kpi_target.{{ place | join(', kpi_target.') }}
    from touched
    inner join {{ ref('stg_canonical__kpi_target_delivery') }} as kpi_target
        on kpi_target.service_code = touched.key[1]
        and kpi_target.channel = touched.key[2]
        and kpi_target.kpi = touched.key[3]
        and kpi_target.effective_from::text = touched.key[4]
    inner join {{ ref('stg_canonical__service') }} as service
        on service.service_code = kpi_target.service_code
    where touched.feed = 'kpi_target'
),

-- Of the deliveries of one moment the last one holds
held as (
    select distinct on (delivered.feed, delivered.key, delivered._arrived_at) delivered.*
    from delivered
    order by
        delivered.feed, delivered.key, delivered._arrived_at,
        delivered._file_name desc, delivered._row desc, delivered._file_id
),

compared as (
    select
        held.*,
        lag(held.cells) over earlier as previous_cells
    from held
    window earlier as (partition by held.feed, held.key order by held._arrived_at)
),

final as (
    select
        compared.feed,
        compared.key,
        compared.cells,
        row_number() over later as version,
        compared._arrived_at as known_from_at,
        lead(compared._arrived_at) over later as known_to_at
    from compared
    where compared.cells is distinct from compared.previous_cells
    window later as (partition by compared.feed, compared.key order by compared._arrived_at)
)

select * from final
