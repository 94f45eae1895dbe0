-- One row per agent whose sessions must be judged anew, and from where: no session lies across it.
with

rules as (
    select * from {{ ref('int_rotg_rule') }}
    where rule_code in ('login_without_roster', 'two_stations')
),

exceptions as (
    select * from {{ ref('stg_canonical__exception') }}
),

changes as (
    -- Events or rosters arrived, or time has gone on
    select touched.agent_id, touched.from_at as changed_at
    from {{ ref('int_unscheduled_touched') }} as touched
    union all
    -- An exception arrived: where a version of it lies or lay, whoever it was for
    select version.agent_id, version.start_at
    from exceptions as arrived
    inner join exceptions as version on version.exception_id = arrived.exception_id
    where {{ arrived('arrived') }}
    union all
    -- A threshold changed in the service of the team, or in the one that rosters the agent
    select agent.agent_id, '-infinity'
    from rules
    inner join {{ ref('int_agent') }} as agent on agent.service_code = rules.service_code
    where {{ arrived('rules') }}
    union all
    select shift.agent_id, '-infinity'
    from rules
    inner join {{ ref('int_shift') }} as shift on shift.service_code = rules.service_code
    where {{ arrived('rules') }}
),

first_changes as (
    select changes.agent_id, min(changes.changed_at) as changed_at
    from changes
    group by changes.agent_id
),

final as (
    select
        first_changes.agent_id,
        least(first_changes.changed_at, session.session_started_at) as from_at
    from first_changes
    -- Sessions do not overlap: the last that began before the change is the only one it can lie in
    left join lateral (
        select
            case when known.ends_at >= first_changes.changed_at then known.session_started_at end
                as session_started_at
        from {{ ref('int_agent_session') }} as known
        where known.agent_id = first_changes.agent_id
            and known.session_started_at < first_changes.changed_at
        order by known.session_started_at desc
        limit 1
    ) as session on true
)

select * from final
