-- One row per version of each conversation that this run must look at: those of which a version
-- arrived, and all of a service whose description changed.
{{ config(materialized='table', incremental_strategy=none) }}

with

services as (
    select * from {{ ref('int_service') }}
),

touched as (
    select version.conversation_id
    from {{ ref('stg_canonical__conversation') }} as version
    where {{ arrived('version') }}
    union
    select version.conversation_id
    from {{ ref('stg_canonical__conversation') }} as version
    inner join services on services.service_code = version.service_code
    where {{ arrived('services') }}
),

final as (
    select
        version.*,
        {{ interval_start('version.received_at', 'services.timezone') }} as interval_start,
        -- From here on the customer waits no longer: answered, closed, or forgotten for 30 days
        greatest(
            version.received_at,
            least(
                version.first_response_at,
                version.closed_at,
                greatest(version.received_at, version.assigned_at, version.updated_at)
                + interval '30 days'
            )
        ) as waits_until
    from touched
    inner join {{ ref('stg_canonical__conversation') }} as version
        on version.conversation_id = touched.conversation_id
    inner join services on services.service_code = version.service_code
)

select * from final
