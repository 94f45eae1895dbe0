-- One row per login, logout and state that the user status details tell of. A presence is AUX under
-- its name unless it takes contacts; there the routing status says whether he is busy. A list that
-- was asked for in pieces tells the same stretch again, from the same start.
with

users as not materialized (
    select
        status.user_id,
        status.body::jsonb as body,
        status._file_id,
        status._row,
        status._load_id
    from {{ source('raw', 'genesys_user_status') }} as status
),

presences as (
    select
        users.*,
        upper(presence.told ->> 'systemPresence') as presence,
        {{ instant_if_any("(presence.told ->> 'startTime')") }} as starts_at,
        {{ instant_if_any("(presence.told ->> 'endTime')") }} as ends_at
    from users
    cross join {{ elements("users.body -> 'primaryPresence'") }} as presence (told)
),

ordered as (
    select
        presences.*,
        lag(presences.presence) over (
            partition by
                presences._load_id, presences._file_id, presences._row, presences.user_id
            order by presences.starts_at
        ) as presence_before
    from presences
    where presences.starts_at is not null and presences.presence is not null
),

told as (
    select
        ordered.user_id,
        ordered.starts_at as occurred_at,
        'presence' as kind,
        said.event,
        said.state,
        case when said.state = 'aux' then ordered.presence end as aux_code,
        ordered._file_id,
        ordered._row,
        ordered._load_id
    from ordered
    cross join
        lateral (
            values
            ('logout', null, ordered.presence = 'OFFLINE'),
            ('login', null, ordered.presence <> 'OFFLINE' and ordered.presence_before = 'OFFLINE'),
            ('state', 'ready', ordered.presence in ('AVAILABLE', 'ON_QUEUE')),
            ('state', 'aux', ordered.presence not in ('AVAILABLE', 'ON_QUEUE', 'OFFLINE'))
        ) as said (event, state, applies)
    where said.applies
    union all
    select
        users.user_id,
        {{ instant_if_any("(routing.told ->> 'startTime')") }},
        'routing',
        'state',
        case
            when
                upper(routing.told ->> 'routingStatus') in ('INTERACTING', 'COMMUNICATING')
                then 'busy'
            else 'ready'
        end,
        null,
        users._file_id,
        users._row,
        users._load_id
    from users
    cross join {{ elements("users.body -> 'routingStatus'") }} as routing (told)
    where upper(routing.told ->> 'routingStatus') in ('INTERACTING', 'COMMUNICATING', 'IDLE')
        and exists (
            select from {{ elements("users.body -> 'primaryPresence'") }} as presence (told)
            where upper(presence.told ->> 'systemPresence') in ('AVAILABLE', 'ON_QUEUE')
                and {{ instant_if_any("(presence.told ->> 'startTime')") }}
                < {{ instant_if_any("(routing.told ->> 'startTime')") }}
                and coalesce(
                    {{ instant_if_any("(presence.told ->> 'endTime')") }}, 'infinity'
                ) > {{ instant_if_any("(routing.told ->> 'startTime')") }}
        )
)

select
    concat_ws('/', told.user_id, told.kind, told.event, {{ told_instant('told.occurred_at') }})
        as event_id,
    'genesys' as source,
    told.user_id as external_id,
    {{ told_instant('told.occurred_at') }} as occurred_at_cell,
    told.event,
    told.state,
    told.aux_code,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    told._row as delivered_row,
    told._load_id
from told
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = told._file_id
