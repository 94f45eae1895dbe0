-- depends_on: {{ ref('int_vendor_call_place') }}
-- One row per version of each call that this run must look at: those of which a version arrived,
-- and all of a service whose description changed.
with

services as (
    select * from {{ ref('int_service') }}
),

versions as (
    {{ touched_versions('stg_canonical__call', 'call_id') }}
    union all
    {{ touched_versions('stg_anonymous_bank__call', 'call_id', is_indexed=false) }}
    union all
    select
        version.feed,
        version.call_id,
        version.service_code,
        version.direction,
        version.arrived_at,
        version.queued_at,
        version.answered_at,
        version.left_at,
        version.ended_at,
        version.source,
        version.external_agent_id,
        version.outcome,
        version.talk_s,
        version.hold_s,
        version.acw_s,
        version.updated_at,
        version.delivered_at,
        version.delivered_file,
        version.delivered_row,
        version._load_id
    from {{ ref('int_vendor_call') }} as version
    where version.service_code is not null
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
