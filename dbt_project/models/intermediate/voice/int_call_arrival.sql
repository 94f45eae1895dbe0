-- One row per version of each call that this run must look at: those of which a version arrived,
-- and all of a service whose description changed.
{{ config(materialized='table', incremental_strategy=none) }}

with

services as (
    select * from {{ ref('int_service') }}
),

{% for model in ['stg_canonical__call', 'stg_anonymous_bank__call'] %}
{{ model }}_touched as (
    select version.call_id
    from {{ ref(model) }} as version
    where {{ arrived('version') }}
    union
    select version.call_id
    from {{ ref(model) }} as version
    inner join services on services.service_code = version.service_code
    where {{ arrived('services') }}
),

{{ model }}_versions as (
    select version.*
    from {{ model }}_touched as touched
    inner join {{ ref(model) }} as version on version.call_id = touched.call_id
),
{% endfor %}

versions as (
    select * from stg_canonical__call_versions
    union all
    select * from stg_anonymous_bank__call_versions
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
