-- One row per version of an agent, a team, a service or a KPI target, with the time in which it was
-- the latest.
{{ config(materialized='view', incremental_strategy=none) }}

select
    version.feed,
    version.key,
    version.cells,
    row_number() over later as version,
    version.known_from_at,
    lead(version.known_from_at) over later as known_to_at
from {{ ref('int_reference_version') }} as version
window later as (partition by version.feed, version.key order by version.known_from_at)
