-- One row per version of each ring of a call that this run must look at.
{{ config(materialized='table', incremental_strategy=none) }}

{{ touched_versions('stg_canonical__ring', 'call_id') }}
