-- One row per peak that somebody expects of a KPI of a service, over all its channels where none is
-- named. One without a name behind it is not approved.
select
    peak.peak_id,
    peak.service_code,
    peak.channel,
    split_part(lower(peak.kpi), '/', 1) as kpi,
    {{ instant('peak.start_at', 'service.timezone') }} as start_at,
    {{ instant('peak.end_at', 'service.timezone') }} as end_at,
    peak.reason,
    peak.approved_by,
    peak.approved_by is not null as is_approved,
    peak._load_id
from {{ source('raw', 'expected_peak') }} as peak
inner join {{ source('raw', 'service') }} as service on service.service_code = peak.service_code
