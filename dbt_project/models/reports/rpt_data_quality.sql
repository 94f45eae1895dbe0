select
    defect.kind,
    defect.feed,
    count(*) as defects,
    min(defect.occurred_at) as first_at,
    max(defect.occurred_at) as last_at,
    {{ built_as_of() }} as as_of,
    bool_or(defect.is_provisional) as is_provisional
from {{ ref('rpt_data_quality_row') }} as defect
group by defect.kind, defect.feed
