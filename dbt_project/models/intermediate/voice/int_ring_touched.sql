-- One row per call of which a ring was delivered since the last run.
{{ config(materialized='view', incremental_strategy=none) }}

select distinct
    version.feed,
    version.call_id
from {{ ref('stg_canonical__ring') }} as version
where {{ arrived('version') }}
