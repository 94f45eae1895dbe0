-- One row per version of each call that this run must look at: those of which a version arrived,
-- and all of a service whose description changed.
{{ config(materialized='table', incremental_strategy=none) }}

with

services as (
    select * from {{ ref('int_service') }}
),

versions as (
    {{ touched_versions('stg_canonical__call', 'call_id') }}
    union all
    {{ touched_versions('stg_anonymous_bank__call', 'call_id', is_indexed=false) }}
),

offered as (
    select
        versions.*,
        coalesce(versions.queued_at, versions.arrived_at) as offered_at
    from versions
),

final as (
    select
        offered.*,
        {{ interval_start('offered.offered_at', 'services.timezone') }} as interval_start
    from offered
    inner join services on services.service_code = offered.service_code
)

select * from final
