-- One row per rostered shift whose facts must be computed anew; also shifts that are rostered no
-- more, so that their facts go.
{%- set facts = last_left('int_shift_attendance') %}
{%- set spent = last_left('int_shift_aux') %}
with

shifts as not materialized (
    select * from {{ ref('int_shift') }}
),

changed_agents as (
    select * from {{ ref('int_shift_agent_touched') }}
),

exceptions as (
    select * from {{ ref('stg_canonical__exception') }}
),

aux_codes as (
    select * from {{ ref('stg_canonical__aux_code') }}
),

final as (
    -- The roster of the agent changed
    select shifts.agent_id, shifts.service_code, shifts.roster_date, shifts.shift_code
    from changed_agents
    inner join shifts
        on shifts.agent_id = changed_agents.agent_id
        and coalesce(
            shifts.window_end_at,
            shifts.planned_end_at,
            (shifts.roster_date + 1)::timestamp at time zone 'UTC'
        ) > changed_agents.changed_from
        and coalesce(
            shifts.window_start_at,
            shifts.planned_start_at,
            shifts.roster_date::timestamp at time zone 'UTC'
        ) < changed_agents.changed_to
    union
    -- An exception arrived: where a version of it lies or lay, whoever it was for
    select shifts.agent_id, shifts.service_code, shifts.roster_date, shifts.shift_code
    from exceptions as arrived
    inner join exceptions as version on version.exception_id = arrived.exception_id
    inner join shifts
        on shifts.agent_id = version.agent_id
        and shifts.window_start_at < version.end_at
        and shifts.window_end_at > version.start_at
    where {{ arrived('arrived') }}
    union
    -- The agent's sessions changed within the shift's window
    select shifts.agent_id, shifts.service_code, shifts.roster_date, shifts.shift_code
    from {{ ref('int_agent_touched') }} as touched
    inner join shifts
        on shifts.agent_id = touched.agent_id
        and shifts.window_end_at > touched.session_from
        and shifts.window_start_at <= least(touched.ends_at, {{ as_of() }})
    union
    -- The tolerances of the service changed
    select shifts.agent_id, shifts.service_code, shifts.roster_date, shifts.shift_code
    from {{ ref('int_service') }} as service
    inner join shifts on shifts.service_code = service.service_code
    where {{ arrived('service') }}
    {% if spent %}
    union
    -- The allowance of an AUX code changed, or became known
    select spent.agent_id, spent.service_code, spent.roster_date, spent.shift_code
    from aux_codes as aux_code
    inner join {{ spent }} as spent on spent.aux_code = aux_code.aux_code
    where {{ arrived('aux_code') }}
    {% endif %}
    {% if facts %}
    union
    select facts.agent_id, facts.service_code, facts.roster_date, facts.shift_code
    from changed_agents
    inner join {{ facts }} as facts
        on facts.agent_id = changed_agents.agent_id
        and coalesce(facts.planned_start_at, facts.roster_date::timestamp at time zone 'UTC')
        between changed_agents.changed_from and changed_agents.changed_to
    union
    -- The clock goes on in a shift that has begun and has not settled
    select facts.agent_id, facts.service_code, facts.roster_date, facts.shift_code
    from {{ facts }} as facts
    where facts.settles_at > {{ previous_as_of() }} and facts.begins_at <= {{ as_of() }}
    {% endif %}
)

select * from final
