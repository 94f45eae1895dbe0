-- depends_on: {{ ref('int_vendor_conversation_place') }}
-- One row per version of each conversation that this run must look at: those of which a version
-- arrived, and all of a service whose description changed.
with

services as (
    select * from {{ ref('int_service') }}
),

versions as (
    {{ touched_versions('stg_canonical__conversation', 'conversation_id') }}
    union all
    select
        version.feed,
        version.conversation_id,
        version.service_code,
        version.channel,
        version.received_at,
        version.assigned_at,
        version.first_response_at,
        version.closed_at,
        version.source,
        version.external_agent_id,
        version.updated_at,
        version.delivered_at,
        version.delivered_file,
        version.delivered_row,
        version._load_id
    from {{ ref('int_vendor_conversation') }} as version
    where version.service_code is not null and version.received_at is not null
),

final as (
    select
        versions.*,
        {{ interval_start('versions.received_at', 'services.timezone') }} as interval_start,
        -- From here on the customer waits no longer: answered, closed, or forgotten for 30 days
        greatest(
            versions.received_at,
            least(
                versions.first_response_at,
                versions.closed_at,
                greatest(versions.received_at, versions.assigned_at, versions.updated_at)
                + interval '30 days'
            )
        ) as waits_until
    from versions
    inner join services on services.service_code = versions.service_code
)

select * from final
