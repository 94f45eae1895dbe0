-- One row per exception: the version that holds, approved or not. Of several versions the highest
-- updated_at holds, then the later delivery.
{{ config(materialized='view') }}

{{ version_that_holds(ref('stg_canonical__exception'), ['exception_id']) }}
