-- One row per delivered version of an exception of an agent; one without a name behind it is not
-- approved.
select
    exception.exception_id,
    exception.agent_id,
    {{ instant('exception.start_at', home_zone('service.timezone')) }} as start_at,
    {{ instant('exception.end_at', home_zone('service.timezone')) }} as end_at,
    exception.reason,
    exception.approved_by,
    exception.approved_by is not null as is_approved,
    {{ instant('exception.updated_at', home_zone('service.timezone')) }} as updated_at,
    -- Delivery
    exception._arrived_at as delivered_at,
    exception._file_name as delivered_file,
    exception._row as delivered_row,
    exception._load_id
from {{ source('raw', 'exception') }} as exception
left join {{ source('raw', 'agent') }} as agent on agent.agent_id = exception.agent_id
left join {{ source('raw', 'team') }} as team on team.team_code = agent.team_code
left join {{ source('raw', 'service') }} as service on service.service_code = team.service_code
