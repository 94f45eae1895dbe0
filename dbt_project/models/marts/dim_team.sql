select
    team.team_code,
    team.team_name,
    team.service_code,
    team.team_leader_id,
    team.coordinator_id,
    (period.known_from_at at time zone {{ home_zone('service.timezone') }})::date as valid_from,
    null::date as valid_to,
    period.known_from_at,
    -- Clock
    {{ built_as_of() }} as as_of,
    false as is_provisional
from {{ ref('stg_canonical__team') }} as team
left join {{ ref('int_service') }} as service on service.service_code = team.service_code
left join {{ ref('int_reference_version') }} as period
    on period.feed = 'team'
    and period.key = array[team.team_code]
    and period.known_to_at is null
