-- One row per defect of a rostered shift, of a shift code that rosters name, or of an exception.
{{ config(materialized='view') }}

with

rosters as not materialized (
    select * from {{ ref('stg_canonical__roster') }}
),

roster_days as not materialized (
    select * from {{ source('ops', 'roster_day') }}
),

services as (
    select * from {{ ref('int_service') }}
),

ledger as not materialized (
    select * from {{ source('ops', 'file_ledger') }}
),

-- Published, and the agent left or the times were turned round without the gate
published as (
    select
        shift.*,
        agent.agent_id is null
        or shift.roster_date < agent.active_from
        or shift.roster_date > agent.active_to as is_inactive,
        shift.planned_end_at <= shift.planned_start_at as is_turned_round
    from {{ ref('int_shift') }} as shift
    left join {{ ref('int_agent') }} as agent on agent.agent_id = shift.agent_id
),

of_shifts as (
    select
        defect.kind,
        'roster' as feed,
        concat_ws('/', published.agent_id, published.roster_date, roster_day.file_id) as row_key,
        published.agent_id,
        published.service_code,
        coalesce(
            published.planned_start_at,
            published.roster_date::timestamp at time zone published.timezone
        ) as occurred_at,
        defect.detail,
        ledger.file_name as delivered_file,
        roster.row_number as delivered_row
    from published
    cross join
        lateral (
            values
            (
                'roster_agent_inactive',
                published.is_inactive,
                'published for an agent who is not active on that date'
            ),
            (
                'ends_before_start',
                published.is_turned_round,
                'the shift ends at or before its start; it counts as no time'
            )
        ) as defect (kind, applies, detail)
    inner join roster_days as roster_day
        on roster_day.service_code = published.service_code
        and roster_day.roster_date = published.roster_date
    inner join ledger on ledger.file_id = roster_day.file_id
    inner join rosters as roster
        on roster.file_id = roster_day.file_id
        and roster.agent_id = published.agent_id
        and roster.roster_date = published.roster_date
        and roster.service_code = published.service_code
        and roster.shift_code = published.shift_code
    where defect.applies
),

refused as (
    select
        case finding.rule
            when 'known_agent' then 'roster_agent_inactive'
            else 'ends_before_start'
        end as kind,
        'roster' as feed,
        concat_ws('/', finding.agent_id, finding.roster_date, version.file_id) as row_key,
        finding.agent_id,
        version.service_code,
        coalesce(
            finding.roster_date::timestamp at time zone services.timezone, version.received_at
        ) as occurred_at,
        case finding.rule
            when 'known_agent'
                then 'refused by the gate: the agent is not known, or not active on that date'
            else 'refused by the gate: the shift ends at or before its start'
        end as detail,
        ledger.file_name as delivered_file,
        finding.row_number as delivered_row
    from {{ source('ops', 'roster_finding') }} as finding
    inner join {{ source('ops', 'roster_version') }} as version
        on version.version_id = finding.version_id
    inner join ledger on ledger.file_id = version.file_id
    left join services on services.service_code = version.service_code
    where finding.rule in ('known_agent', 'ends_after_start') and version.verdict <> 'valid'
),

-- The gate lets no roster through whose shift codes it does not know: what was delivered later than
-- the roster was published is a change. What it was before is not kept.
changed_codes as (
    select
        shift.shift_code,
        shift._load_id,
        count(*) as rostered_shifts
    from {{ ref('stg_canonical__shift') }} as shift
    inner join rosters on rosters.shift_code = shift.shift_code
    inner join roster_days as roster_day
        on roster_day.service_code = rosters.service_code
        and roster_day.roster_date = rosters.roster_date
        and roster_day.file_id = rosters.file_id
    where roster_day.load_id < shift._load_id
    group by shift.shift_code, shift._load_id
),

of_codes as (
    select
        'shift_code_changed' as kind,
        'shift' as feed,
        changed_codes.shift_code as row_key,
        null::text as agent_id,
        null::text as service_code,
        ledger.arrived_at as occurred_at,
        format(
            'delivered with a change after %s rostered shifts that name it were published',
            changed_codes.rostered_shifts
        ) as detail,
        ledger.file_name as delivered_file,
        null::bigint as delivered_row
    from changed_codes
    inner join ledger on ledger.file_id = changed_codes._load_id
),

exceptions as (
    {{ version_that_holds(ref('stg_canonical__exception'), ['exception_id']) }}
),

of_exceptions as (
    select
        'ends_before_start' as kind,
        'exception' as feed,
        exceptions.exception_id as row_key,
        exceptions.agent_id,
        agent.service_code,
        exceptions.start_at as occurred_at,
        'the exception ends at or before its start; it excepts nothing' as detail,
        exceptions.delivered_file,
        exceptions.delivered_row
    from exceptions
    left join {{ ref('int_agent') }} as agent on agent.agent_id = exceptions.agent_id
    where exceptions.end_at <= exceptions.start_at
),

final as (
    select * from of_shifts
    union all
    select * from refused
    union all
    select * from of_codes
    union all
    select * from of_exceptions
)

select * from final
