-- One row per agent event that a queue_log tells of the touched persons: logins and logouts, and
-- where a state begins.
--
-- A member of several queues is logged in until he has left the last one, and in AUX while he is
-- paused in every queue of which he is a member. On sites where nobody becomes a member, any pause
-- is AUX. A pause counts from its line on, also during a call. What a line says is forgotten after
-- 24 hours, a call after 4: to be forgotten logs nobody out, it only tells nothing more.
{{ config(materialized='table', incremental_strategy=none) }}
{%- set memory = "interval '24 hours'" %}

with

touched as (
    select * from {{ ref('int_asterisk_touched') }}
),

lines as (
    select
        line.person,
        line.external_id,
        coalesce(line.queue, '') as queue,
        line.call_id,
        line.event,
        line.data1,
        line.occurred_at,
        line.event in ('ADDMEMBER', 'AGENTLOGIN', 'AGENTCALLBACKLOGIN') as joins,
        line.event in ('AGENTLOGOFF', 'AGENTCALLBACKLOGOFF') as logs_off,
        line.event in ('AGENTLOGOFF', 'AGENTCALLBACKLOGOFF', 'REMOVEMEMBER') as leaves,
        line._file_id,
        line._row
    from touched
    inner join {{ ref('int_asterisk_line') }} as line
        on line.person = touched.person
        and line.occurred_at >= touched.from_at - {{ memory }}
        and line.occurred_at <= touched.to_at
),

queues as (
    select distinct lines.person, lines.queue
    from lines
    where lines.joins or lines.event in ('PAUSE', 'UNPAUSE', 'REMOVEMEMBER')
),

-- In one moment, who leaves a queue does so before he joins it, and is unpaused before he is paused
membership as (
    select
        queues.person,
        queues.queue,
        lines.occurred_at,
        bool_or(lines.joins) as is_member
    from queues
    inner join lines
        on lines.person = queues.person
        and (lines.queue = queues.queue or lines.logs_off)
        and (lines.joins or lines.leaves)
    group by queues.person, queues.queue, lines.occurred_at
),

member_spells as (
    select
        membership.person,
        membership.queue,
        membership.is_member,
        tstzrange(
            membership.occurred_at,
            least(
                lead(membership.occurred_at) over queue_lines,
                membership.occurred_at + {{ memory }}
            )
        ) as spell
    from membership
    window queue_lines as (
        partition by membership.person, membership.queue order by membership.occurred_at
    )
),

members as (
    select
        member_spells.person,
        member_spells.queue,
        range_agg(member_spells.spell) as member
    from member_spells
    where member_spells.is_member
    group by member_spells.person, member_spells.queue
),

-- What pauses: in a queue itself; all queues of a member; all queues of whoever is no member
pausing as (
    select
        queues.person,
        'own' as scope,
        queues.queue,
        lines.occurred_at,
        bool_or(lines.event = 'PAUSE') and (not bool_or(lines.leaves) or bool_or(lines.joins))
            as is_paused
    from queues
    inner join lines
        on lines.person = queues.person
        and (
            (
                lines.queue = queues.queue
                and (lines.joins or lines.event in ('PAUSE', 'UNPAUSE', 'REMOVEMEMBER'))
            )
            or lines.event = 'UNPAUSEALL'
            or lines.logs_off
        )
    group by queues.person, queues.queue, lines.occurred_at
    -- To join alone neither pauses nor unpauses
    having not bool_and(lines.joins)
    union all
    select
        members.person,
        'member',
        members.queue,
        lines.occurred_at,
        bool_or(lines.event in ('PAUSE', 'PAUSEALL'))
        and (not bool_or(lines.leaves) or bool_or(lines.joins))
    from members
    inner join lines
        on lines.person = members.person
        and (
            (
                lines.queue = members.queue
                and (lines.joins or lines.event in ('PAUSE', 'UNPAUSE', 'REMOVEMEMBER'))
            )
            or lines.event in ('PAUSEALL', 'UNPAUSEALL')
            or lines.logs_off
        )
    group by members.person, members.queue, lines.occurred_at
    having not bool_and(lines.joins)
    union all
    select
        lines.person,
        'all',
        '',
        lines.occurred_at,
        bool_or(lines.event = 'PAUSEALL') and not bool_or(lines.logs_off)
    from lines
    where lines.event in ('PAUSEALL', 'UNPAUSEALL', 'UNPAUSE') or lines.logs_off
    group by lines.person, lines.occurred_at
),

pause_spells as (
    select
        pausing.person,
        pausing.scope,
        pausing.queue,
        pausing.is_paused,
        tstzrange(
            pausing.occurred_at,
            least(
                lead(pausing.occurred_at) over scope_lines,
                pausing.occurred_at + {{ memory }}
            )
        ) as spell
    from pausing
    window scope_lines as (
        partition by pausing.person, pausing.scope, pausing.queue order by pausing.occurred_at
    )
),

pauses as (
    select
        pause_spells.person,
        pause_spells.scope,
        pause_spells.queue,
        range_agg(pause_spells.spell) as paused
    from pause_spells
    where pause_spells.is_paused
    group by pause_spells.person, pause_spells.scope, pause_spells.queue
),

logged_in as (
    select members.person, range_agg(spell.spell) as logged_in
    from members
    cross join unnest(members.member) as spell (spell)
    group by members.person
),

-- Where calls reach him: in a queue of which he is a member, unpaused
reachable as (
    select members.person, range_agg(spell.spell) as reachable
    from members
    left join pauses
        on pauses.person = members.person
        and pauses.queue = members.queue
        and pauses.scope = 'member'
    cross join
        unnest(members.member - coalesce(pauses.paused, '{}'::tstzmultirange)) as spell (spell)
    -- A login at the phone alone is no queue
    where members.queue <> ''
    group by members.person
),

aux as (
    select
        paused.person,
        lower(spell.spell) as starts_at,
        upper(spell.spell) as ends_at
    from (
        select pauses.person, range_agg(spell.spell) as paused
        from pauses
        cross join unnest(pauses.paused) as spell (spell)
        where pauses.scope in ('own', 'all')
        group by pauses.person
    ) as paused
    left join reachable on reachable.person = paused.person
    cross join
        unnest(
            paused.paused - coalesce(reachable.reachable, '{}'::tstzmultirange)
        ) as spell (spell)
),

-- Connections of a person, each until its call ends, another one begins, or it is forgotten
talks as (
    select
        connected.person,
        connected.occurred_at as starts_at,
        least(
            min(ended.occurred_at),
            connected.next_at,
            connected.occurred_at + interval '4 hours'
        ) as ends_at
    from (
        select
            lines.*,
            lead(lines.occurred_at) over (
                partition by lines.person order by lines.occurred_at, lines.call_id
            ) as next_at
        from lines
        where lines.event = 'CONNECT'
    ) as connected
    left join lines as ended
        on ended.person = connected.person
        and ended.call_id = connected.call_id
        and ended.occurred_at >= connected.occurred_at
        and ended.event in (
            'COMPLETEAGENT', 'COMPLETECALLER', 'TRANSFER', 'BLINDTRANSFER', 'ATTENDEDTRANSFER'
        )
    group by connected.person, connected.call_id, connected.occurred_at, connected.next_at
),

wrap_ups as (
    select
        lines.person,
        lines.occurred_at as starts_at,
        lines.occurred_at
        + least(
            make_interval(secs => {{ number_if_any('lines.data1') }}::double precision),
            interval '4 hours'
        ) as ends_at
    from lines
    where lines.event = 'WRAPUPSTART'
),

spells as (
    select aux.*, 'aux' as state from aux
    union all
    select talks.*, 'busy' from talks
    union all
    select wrap_ups.*, 'acw' from wrap_ups
    where wrap_ups.ends_at is not null
),

state_spells as (
    select
        spells.person,
        spells.state,
        range_agg(tstzrange(spells.starts_at, spells.ends_at)) as within
    from spells
    where spells.ends_at > spells.starts_at
    group by spells.person, spells.state
),

reasons as (
    select lines.person, lines.occurred_at, max(lines.data1) as reason
    from lines
    where lines.event in ('PAUSE', 'PAUSEALL', 'PAUSEREASON') and lines.data1 is not null
    group by lines.person, lines.occurred_at
),

moments as (
    select spells.person, spells.starts_at as at from spells
    union
    select spells.person, spells.ends_at from spells
    union
    select reasons.person, reasons.occurred_at from reasons
    union
    select logged_in.person, lower(spell.spell)
    from logged_in
    cross join unnest(logged_in.logged_in) as spell (spell)
    union
    select logged_in.person, upper(spell.spell)
    from logged_in
    cross join unnest(logged_in.logged_in) as spell (spell)
),

states as (
    select
        moments.person,
        moments.at,
        case
            when state.is_aux then 'aux'
            when state.is_acw then 'acw'
            when state.is_busy then 'busy'
            else 'ready'
        end as state,
        case when state.is_aux then coalesce(said.reason, soon.reason) end as reason,
        coalesce(logged.logged_in @> moments.at, false) as is_logged_in,
        logged.starts_here as logs_in,
        logged.ends_here
        and exists (
            select from lines
            where lines.person = moments.person
                and lines.occurred_at = moments.at
                and lines.leaves
        ) as logs_out
    from moments
    left join lateral (
        select
            bool_or(spell.state = 'aux') as is_aux,
            bool_or(spell.state = 'acw') as is_acw,
            bool_or(spell.state = 'busy') as is_busy
        from state_spells as spell
        where spell.person = moments.person and spell.within @> moments.at
    ) as state on true
    left join lateral (
        select lower(piece.piece) as starts_at
        from state_spells as spell
        cross join unnest(spell.within) as piece (piece)
        where spell.person = moments.person and spell.state = 'aux' and piece.piece @> moments.at
    ) as pause on true
    -- The reason said last, or one that follows within a minute
    left join lateral (
        select reasons.reason
        from reasons
        where reasons.person = moments.person
            and reasons.occurred_at <= moments.at
            and reasons.occurred_at >= pause.starts_at
        order by reasons.occurred_at desc
        limit 1
    ) as said on true
    left join lateral (
        select reasons.reason
        from reasons
        where reasons.person = moments.person
            and reasons.occurred_at > moments.at
            and reasons.occurred_at <= moments.at + interval '1 minute'
        order by reasons.occurred_at
        limit 1
    ) as soon on true
    left join lateral (
        select
            logged_in.logged_in,
            bool_or(lower(spell.spell) = moments.at) as starts_here,
            bool_or(upper(spell.spell) = moments.at) as ends_here
        from logged_in
        cross join unnest(logged_in.logged_in) as spell (spell)
        where logged_in.person = moments.person
        group by logged_in.logged_in
    ) as logged on true
),

changes as (
    select
        states.*,
        coalesce(lag(states.state) over person_moments, 'ready') as state_before,
        lag(states.reason) over person_moments as reason_before
    from states
    window person_moments as (partition by states.person order by states.at)
),

told as (
    select changes.person, changes.at, 'login' as event, null as state, null as reason
    from changes
    where changes.logs_in
    union all
    select changes.person, changes.at, 'logout', null, null
    from changes
    where changes.logs_out and not changes.is_logged_in
    union all
    select changes.person, changes.at, 'state', changes.state, changes.reason
    from changes
    where case
            when changes.state = 'ready'
                then changes.state_before <> 'ready' and not coalesce(changes.logs_in, false)
            else
                changes.logs_in
                or changes.state <> changes.state_before
                or changes.reason is distinct from changes.reason_before
        end
        -- What is forgotten ends without a word
        and (
            exists (
                select from lines
                where lines.person = changes.person and lines.occurred_at = changes.at
            )
            or exists (
                select from wrap_ups
                where wrap_ups.person = changes.person and wrap_ups.ends_at = changes.at
            )
        )
        -- Who has left is not there again before he joins, or takes a call
        and (
            changes.is_logged_in
            or changes.state = 'busy'
            or not exists (
                select from lines
                where lines.person = changes.person
                    and lines.leaves
                    and lines.occurred_at <= changes.at
                    and lines.occurred_at > changes.at - {{ memory }}
            )
        )
),

final as (
    select
        md5(concat_ws(
            chr(31),
            'asterisk_queue_log',
            line.external_id,
            {{ told_instant('told.at') }},
            told.event,
            coalesce(told.state, '-'),
            coalesce(told.reason, '-')
        ))::uuid as event_key,
        null::text as event_id,
        'asterisk' as source,
        line.external_id,
        {{ told_instant('told.at') }} as occurred_at_cell,
        told.event,
        told.state,
        told.reason as aux_code,
        ledger.arrived_at as delivered_at,
        ledger.file_name as delivered_file,
        line._row as delivered_row
    from told
    inner join touched
        on touched.person = told.person
        and touched.from_at <= told.at
        and touched.to_at >= told.at
    -- The name and the line behind it: of that moment, or the last one before it
    inner join lateral (
        select lines.external_id, lines._file_id, lines._row
        from lines
        where lines.person = told.person and lines.occurred_at <= told.at
        order by lines.occurred_at desc, lines.external_id, lines.event, lines.call_id
        limit 1
    ) as line on true
    inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = line._file_id
)

select * from final
