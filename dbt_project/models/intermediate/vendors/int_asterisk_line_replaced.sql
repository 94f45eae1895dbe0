-- depends_on: {{ ref('int_outside_id_read_anew') }}
-- One row per line of a queue_log about an agent that is new, or belongs to another person than
-- before; it remembers the place that it leaves. Without an alias or an agent of that name, the
-- name itself is the person.
{%- set kept = last_left('int_asterisk_line') %}
{%- if kept and is_rebuild() %}
    {%- set kept = none %}
{%- endif %}
with

arriving as (
    select distinct on (line.line_key) line.*
    from (
        select
            line.*,
            md5(concat_ws(
                chr(31),
                line.occurred_at_cell,
                line.call_id,
                coalesce(line.queue, '-'),
                line.external_id,
                line.event,
                coalesce(line.data1, '-')
            ))::uuid as line_key
        from {{ ref('stg_asterisk__line') }} as line
        where {{ arrived('line') }}
            and line.external_id is not null
            and line.event in (
                'AGENTLOGIN', 'AGENTCALLBACKLOGIN', 'ADDMEMBER',
                'AGENTLOGOFF', 'AGENTCALLBACKLOGOFF', 'REMOVEMEMBER',
                'PAUSE', 'PAUSEALL', 'PAUSEREASON', 'UNPAUSE', 'UNPAUSEALL',
                'CONNECT', 'COMPLETEAGENT', 'COMPLETECALLER',
                'TRANSFER', 'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'WRAPUPSTART'
            )
    ) as line
    order by line.line_key, line._file_id, line._row
),

candidates as (
    select
        arriving.line_key,
        arriving.call_id,
        arriving.queue,
        arriving.external_id,
        arriving.event,
        arriving.data1,
        arriving.occurred_at_cell,
        arriving._file_id,
        arriving._row
    from arriving
    {% if kept %}
    union all
    select
        kept.line_key,
        kept.call_id,
        kept.queue,
        kept.external_id,
        kept.event,
        kept.data1,
        kept.occurred_at_cell,
        kept._file_id,
        kept._row
    from {{ ref('int_outside_id_read_anew') }} as changed
    inner join {{ kept }} as kept on kept.external_id = changed.external_id
    left join arriving on arriving.line_key = kept.line_key
    where arriving.line_key is null
    {% endif %}
),

placed as (
    select
        candidates.*,
        coalesce(named.agent_id, itself.agent_id, candidates.external_id) as person,
        {{ log_instant('candidates.occurred_at_cell', 'agents.timezone') }} as occurred_at
    from candidates
    left join {{ ref('stg_canonical__agent_alias') }} as named
        on named.source = 'asterisk' and named.external_id = candidates.external_id
    left join {{ ref('int_agent') }} as itself on itself.agent_id = candidates.external_id
    left join {{ ref('int_agent') }} as agents
        on agents.agent_id = coalesce(named.agent_id, itself.agent_id)
),

final as (
    select
        placed.*,
    {% if kept %}
    kept.person as was_person,
    kept.occurred_at as was_occurred_at
from placed
left join {{ kept }} as kept on kept.line_key = placed.line_key
    {% else %}
        null::text as was_person,
        null::timestamptz as was_occurred_at
    from placed
    {% endif %}
)

select * from final
