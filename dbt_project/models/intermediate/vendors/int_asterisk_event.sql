-- One row per agent event that a queue_log tells of the touched persons: logins and logouts, and
-- where a state begins.
--
-- A member of several queues is logged in until he has left the last one, and in AUX while he is
-- paused in every queue of which he is a member. On sites where nobody becomes a member, any pause
-- is AUX. A pause counts from its line on, also during a call. What a line says is forgotten after
-- 24 hours, a call after 4: to be forgotten logs nobody out, it only tells nothing more.
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
        lines.external_id,
        lines.call_id,
        lines._file_id,
        lines._row,
        lines.occurred_at as starts_at,
        lines.occurred_at
        + least(
            make_interval(secs => {{ number_if_any('lines.data1') }}::double precision),
            interval '4 hours'
        ) as ends_at
    from lines
    where lines.event = 'WRAPUPSTART'
),

-- What lasts, each kind by itself
stretches as (
    select aux.person, 'aux' as kind, aux.starts_at, aux.ends_at
    from aux
    union all
    select talks.person, 'busy', talks.starts_at, talks.ends_at
    from talks
    union all
    select wrap_ups.person, 'acw', wrap_ups.starts_at, wrap_ups.ends_at
    from wrap_ups
    union all
    select logged_in.person, 'in', lower(spell.spell), upper(spell.spell)
    from logged_in
    cross join unnest(logged_in.logged_in) as spell (spell)
),

-- What happens at a moment: a stretch begins or ends, a reason is said, a line stands there
happenings as (
    select
        stretches.person,
        moment.at,
        stretches.kind,
        moment.change,
        null::text as reason,
        false as leaves,
        false as is_line
    from stretches
    cross join
        lateral (values (stretches.starts_at, 1), (stretches.ends_at, -1)) as moment (at, change)
    where stretches.ends_at > stretches.starts_at
    union all
    select
        lines.person,
        lines.occurred_at,
        null,
        0,
        case when lines.event in ('PAUSE', 'PAUSEALL', 'PAUSEREASON') then lines.data1 end,
        lines.leaves,
        true
    from lines
),

moments as (
    select
        happenings.person,
        happenings.at,
        coalesce(sum(happenings.change) filter (where happenings.kind = 'aux'), 0) as aux,
        coalesce(sum(happenings.change) filter (where happenings.kind = 'acw'), 0) as acw,
        coalesce(sum(happenings.change) filter (where happenings.kind = 'busy'), 0) as busy,
        coalesce(sum(happenings.change) filter (where happenings.kind = 'in'), 0) as inside,
        bool_or(happenings.kind = 'aux' and happenings.change = 1) as is_pause,
        bool_or(happenings.kind = 'acw' and happenings.change = -1) as wraps_up,
        max(happenings.reason) as reason,
        bool_or(happenings.leaves) as leaves,
        bool_or(happenings.is_line) as is_line
    from happenings
    group by happenings.person, happenings.at
),

running as (
    select
        moments.person,
        moments.at,
        moments.reason,
        moments.leaves,
        moments.is_line or coalesce(moments.wraps_up, false) as is_told,
        sum(moments.aux) over so_far > 0 as is_aux,
        sum(moments.acw) over so_far > 0 as is_acw,
        sum(moments.busy) over so_far > 0 as is_busy,
        sum(moments.inside) over so_far > 0 as is_logged_in,
        max(moments.at) filter (where moments.is_pause) over so_far as paused_since,
        max(moments.at) filter (where moments.leaves) over so_far as left_at,
        count(moments.reason) over so_far as reasons_so_far,
        count(moments.reason) over to_come as reasons_to_come
    from moments
    window
        so_far as (partition by moments.person order by moments.at),
        to_come as (partition by moments.person order by moments.at desc)
),

-- The reason said last, and the one that follows
explained as (
    select
        running.*,
        first_value(running.reason) over said as said,
        first_value(running.at) over said as said_at,
        first_value(running.reason) over follows as follows,
        first_value(running.at) over follows as follows_at
    from running
    window
        said as (partition by running.person, running.reasons_so_far order by running.at),
        follows as (
            partition by running.person, running.reasons_to_come order by running.at desc
        )
),

states as (
    select
        explained.*,
        case
            when explained.is_aux then 'aux'
            when explained.is_acw then 'acw'
            when explained.is_busy then 'busy'
            else 'ready'
        end as state,
        case
            when not explained.is_aux then null
            when explained.said_at >= explained.paused_since and explained.said is not null
                then explained.said
            when explained.follows_at <= explained.at + interval '1 minute' then explained.follows
        end as aux_reason
    from explained
),

changes as (
    select
        states.person,
        states.at,
        states.state,
        states.aux_reason as reason,
        states.is_told,
        states.is_logged_in,
        states.is_logged_in and not coalesce(lag(states.is_logged_in) over moments, false)
            as logs_in,
        states.leaves and not states.is_logged_in and lag(states.is_logged_in) over moments
            as logs_out,
        coalesce(states.left_at > states.at - {{ memory }}, false) as has_left,
        coalesce(lag(states.state) over moments, 'ready') as state_before,
        lag(states.aux_reason) over moments as reason_before
    from states
    window moments as (partition by states.person order by states.at)
),

told as (
    select
        changes.person,
        changes.at,
        said.event,
        case when said.event = 'state' then changes.state end as state,
        case when said.event = 'state' then changes.reason end as reason
    from changes
    cross join
        lateral (
            values
            ('login', changes.logs_in),
            ('logout', changes.logs_out),
            (
                'state',
                case
                    when changes.state = 'ready'
                        then changes.state_before <> 'ready' and not changes.logs_in
                    else
                        changes.logs_in
                        or changes.state <> changes.state_before
                        or changes.reason is distinct from changes.reason_before
                end
                -- Who has left is not there again before he joins, or takes a call
                and (changes.is_logged_in or changes.state = 'busy' or not changes.has_left)
            )
        ) as said (event, applies)
    -- What is forgotten ends without a word
    where said.applies and changes.is_told
),

-- The name and the line behind a moment
named as (
    select distinct on (line.person, line.at) line.*
    from (
        select
            lines.person,
            lines.occurred_at as at,
            1 as rank,
            lines.external_id,
            lines.event,
            lines.call_id,
            lines._file_id,
            lines._row
        from lines
        union all
        select
            wrap_ups.person,
            wrap_ups.ends_at,
            2,
            wrap_ups.external_id,
            'WRAPUPSTART',
            wrap_ups.call_id,
            wrap_ups._file_id,
            wrap_ups._row
        from wrap_ups
    ) as line
    order by line.person, line.at, line.rank, line.external_id, line.event, line.call_id
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
    inner join named as line on line.person = told.person and line.at = told.at
    inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = line._file_id
)

select * from final
