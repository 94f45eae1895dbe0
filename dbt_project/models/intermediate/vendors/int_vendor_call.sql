-- One row per version of each call of the vendors' feeds that this run must look at, also of those
-- whose queue no service is known for.
{{ config(materialized='table', incremental_strategy=none) }}

{{ touched_versions(
    'stg_asterisk__call', 'call_id', told_in='stg_asterisk__call_line', by_queue=true
) }}
