-- depends_on: {{ ref('int_asterisk_name_touched') }}, {{ ref('int_outside_id_read_anew') }}
-- One row per agent event that is new, was delivered in a later version, belongs to another agent
-- than before, or is no longer told (is_gone); it remembers the place that it leaves.
{%- set kept = last_left('int_agent_event') %}
{%- if kept and is_rebuild() %}
    {%- set kept = none %}
{%- endif %}
with

aliases as (
    select * from {{ ref('stg_canonical__agent_alias') }}
),

agents as (
    select * from {{ ref('int_agent') }}
),

-- Where an event names no source, an id may stand for the only agent that any alias gives it
sole_aliases as (
    select aliases.external_id, min(aliases.agent_id) as agent_id
    from aliases
    group by aliases.external_id
    having min(aliases.agent_id) = max(aliases.agent_id)
),

arriving as (
    select
        event.*,
        case
            when event.event_id is not null
                then md5('id' || chr(31) || coalesce(event.source, '') || chr(31) || event.event_id)
            else
                md5(concat_ws(
                    chr(31),
                    'cells',
                    event.external_id,
                    event.occurred_at_cell,
                    event.event,
                    coalesce(event.state, '-'),
                    coalesce(event.aux_code, '-'),
                    coalesce(event.source, '-')
                ))
        end::uuid as event_key
    from {{ ref('int_agent_event_told') }} as event
    where {{ arrived('event') }}
),

{% if kept %}
-- Landing drops the later of two equal deliveries. Where that was the version which held, another
-- one may hold now. It happens when an old file is found; only then raw is searched through, for
-- it has no index on the id.
told_again as (
    select distinct arriving.event_key, arriving.source, arriving.event_id
    from arriving
    inner join {{ kept }} as kept on kept.event_key = arriving.event_key
    where arriving.event_id is not null
        and (arriving.delivered_at, arriving.delivered_file, arriving.delivered_row)
        < (kept.delivered_at, kept.delivered_file, kept.delivered_row)
        and (
            arriving.external_id,
            arriving.occurred_at_cell,
            arriving.event,
            arriving.state,
            arriving.aux_code
        ) is not distinct from (
            kept.external_id, kept.occurred_at_cell, kept.event, kept.state, kept.aux_code
        )
),

delivered as (
    select arriving.* from arriving
    union all
    select
        event.*,
        told_again.event_key
    from {{ ref('int_agent_event_told') }} as event
    inner join told_again
        on told_again.event_id = event.event_id
        and told_again.source is not distinct from event.source
    where (select count(again.event_key) from told_again as again) > 0
),
{% else %}
delivered as (
    select * from arriving
),
{% endif %}

latest as (
    select distinct on (delivered.event_key)
        delivered.event_key,
        delivered.feed,
        delivered.event_id,
        delivered.source,
        delivered.external_id,
        delivered.occurred_at_cell,
        delivered.event,
        delivered.state,
        delivered.aux_code,
        delivered.delivered_at,
        delivered.delivered_file,
        delivered.delivered_row
    from delivered
    order by
        delivered.event_key,
        delivered.delivered_at desc,
        delivered.delivered_file desc,
        delivered.delivered_row desc
),

-- What a queue_log tells of the persons that this run has looked at
retold as (
    select
        event.event_key,
        'asterisk_queue_log' as feed,
        event.event_id,
        event.source,
        event.external_id,
        event.occurred_at_cell,
        event.event,
        event.state,
        event.aux_code,
        event.delivered_at,
        event.delivered_file,
        event.delivered_row
    from {{ ref('int_asterisk_event') }} as event
),

{% if kept %}
no_longer_told as (
    select kept.*
    from {{ ref('int_asterisk_name_touched') }} as touched
    inner join {{ kept }} as kept
        on kept.external_id = touched.external_id
        and kept.occurred_at >= touched.from_at
        and kept.occurred_at <= touched.to_at
    left join retold on retold.event_key = kept.event_key
    where kept.feed = 'asterisk_queue_log' and retold.event_key is null
),

candidates as (
    select * from latest
    union all
    select * from retold
    union all
    -- Events taken in before, whose id is now read differently
    select
        kept.event_key,
        kept.feed,
        kept.event_id,
        kept.source,
        kept.external_id,
        kept.occurred_at_cell,
        kept.event,
        kept.state,
        kept.aux_code,
        kept.delivered_at,
        kept.delivered_file,
        kept.delivered_row
    from {{ ref('int_outside_id_read_anew') }} as changed
    inner join {{ kept }} as kept on kept.external_id = changed.external_id
    left join latest on latest.event_key = kept.event_key
    left join retold on retold.event_key = kept.event_key
    left join no_longer_told on no_longer_told.event_key = kept.event_key
    where latest.event_key is null
        and retold.event_key is null
        and no_longer_told.event_key is null
),
{% else %}
candidates as (
    select * from latest
    union all
    select * from retold
),
{% endif %}

resolved as (
    select
        candidates.*,
        coalesce(
            named_alias.agent_id,
            agent_itself.agent_id,
            case when candidates.source is null then sole_aliases.agent_id end
        ) as agent_id
    from candidates
    left join aliases as named_alias
        on named_alias.source = candidates.source
        and named_alias.external_id = candidates.external_id
    left join agents as agent_itself on agent_itself.agent_id = candidates.external_id
    left join sole_aliases on sole_aliases.external_id = candidates.external_id
),

placed as (
    select
        resolved.*,
        {{ instant('resolved.occurred_at_cell', home_zone('agents.timezone')) }}
            as occurred_at
    from resolved
    left join agents on agents.agent_id = resolved.agent_id
),

final as (
    select
        placed.event_key,
        placed.agent_id,
        placed.occurred_at,
        placed.event,
        placed.state,
        placed.aux_code,
        placed.event_id,
        -- As delivered
        placed.source,
        placed.external_id,
        placed.occurred_at_cell,
        placed.delivered_at,
        placed.delivered_file,
        placed.delivered_row,
        placed.feed,
        placed.occurred_at > {{ as_of() }} as is_early,
        false as is_gone,
        -- The place that this version leaves
    {% if kept %}
    case
        when (
            kept.agent_id is distinct from placed.agent_id
            or kept.occurred_at is distinct from placed.occurred_at
            )
            then kept.agent_id
        else kept.was_agent_id
    end as was_agent_id,
    case
        when (
            kept.agent_id is distinct from placed.agent_id
            or kept.occurred_at is distinct from placed.occurred_at
            )
            then kept.occurred_at
        else kept.was_occurred_at
    end as was_occurred_at
    {% else %}
        null::text as was_agent_id,
        null::timestamptz as was_occurred_at
        {% endif %}
    from placed
    {% if kept %}
    -- One by one, by index: the planner takes an id that is read anew to be likely, and so would
    -- read through all events that are kept
    left join lateral (
        select known.*
        from {{ kept }} as known
        where known.event_key = placed.event_key
        {{ by_itself() }}
    ) as kept on true
    left join told_again on told_again.event_key = placed.event_key
    where kept.event_key is null
        or told_again.event_key is not null
        or placed.feed = 'asterisk_queue_log'
        or (placed.delivered_at, placed.delivered_file, placed.delivered_row)
        >= (kept.delivered_at, kept.delivered_file, kept.delivered_row)
    union all
    select
        gone.event_key,
        gone.agent_id,
        gone.occurred_at,
        gone.event,
        gone.state,
        gone.aux_code,
        gone.event_id,
        gone.source,
        gone.external_id,
        gone.occurred_at_cell,
        gone.delivered_at,
        gone.delivered_file,
        gone.delivered_row,
        gone.feed,
        gone.is_early,
        true,
        gone.was_agent_id,
        gone.was_occurred_at
    from no_longer_told as gone
    {% endif %}
)

select * from final
