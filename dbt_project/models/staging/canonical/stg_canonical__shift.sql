-- One row per shift code.
select
    shift.shift_code,
    shift.shift_name,
    shift.start_time::time as start_time,
    shift.end_time::time as end_time,
    {{ number('shift.break_min') }} as break_min,
    lower(shift.kind) as kind,
    coalesce({{ truth('shift.overtime') }}, false) as is_overtime,
    shift._load_id
from {{ source('raw', 'shift') }} as shift
