-- One row per version of each ring of a call that this run must look at.
{{ touched_versions('stg_canonical__ring', 'call_id') }}
union all
{{ touched_versions(
    'stg_asterisk__ring', 'call_id', told_in='stg_asterisk__call_line', by_queue=true
) }}
