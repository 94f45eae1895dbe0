{#
    Contacts under the watched KPIs for which they count, as a query: the value (met or not, or
    seconds), and the moment at which it is decided. A call counts when it is answered or lost, a
    conversation when it is answered or overdue. So nothing that lies after a moment is known at it,
    and a contact counts once, in full. The interval marts tell of those offered in an interval
    instead.

    Before it is decided it can be foreseen that some are lost. So there is for each contact when it
    waited (`waits`, a range of time), and when it did so for too long (`at_risk`); null where it
    did not. Of a call it is told whether it was answered (`is_served`), for the pace of answers; a
    conversation has an agent at once or waits for a reply, and a pace says nothing there. Of one
    that still waits only what its feed has told counts, up to `told_until`: in a silence everybody
    would seem to wait on. `foreseen_lost` puts it together.

    `span` is a relation with `span_id`, `service_code` (null: all), `since`, `until` and `at_risk_s`
    (null: as the rule has it): for each of its rows, what was decided in between is there.
#}
{% macro decided_contacts(span) -%}
    {#- A call that never ends is lost after four hours -#}
    {%- set reach = "interval '5 hours'" -%}
    {#- One whose end is never told is not awaited for hours -#}
    {%- set longest_risk = "interval '30 minutes'" -%}
    with

    watched as materialized (
        select * from {{ ref('int_watched_kpi') }}
    ),

    services as (
        select service.*
        from {{ ref('int_service') }} as service
        where service.service_code in (select watched.service_code from watched)
    ),

    calls as materialized (
        select
            span.span_id,
            services.service_code,
            services.short_abandon_s,
            services.counts_self_service,
            case
                when call.outcome = 'abandoned' and call.queued_at is null then 'left_in_menu'
                -- Open for four hours, it is lost
                when call.outcome = 'open' then 'timed_out'
                else call.outcome
            end as outcome,
            case call.outcome
                when 'answered' then coalesce(call.answered_at, call.offered_at)
                when 'open' then call.offered_at + interval '4 hours'
                else coalesce(call.left_at, call.offered_at)
            end as decided_at,
            {{ call_wait_s('call') }} as wait_s,
            call.feed,
            call.queued_at,
            call.outcome = 'open' as still_waits,
            span.at_risk_s,
            call.ended_at,
            {{ call_handle_s('call') }} as handle_s
        from {{ span }} as span
        inner join services
            on services.service_code = coalesce(span.service_code, services.service_code)
        -- Service by service, by index
        cross join lateral (
            select recent.*
            from {{ ref('int_call') }} as recent
            where recent.service_code = services.service_code
                and recent.interval_start > span.since - {{ reach }}
                and recent.interval_start <= span.until
                and recent.direction = 'inbound'
                and recent.outcome <> 'closed'
            {{ by_itself() }}
        ) as call
    ),

    -- Each call under the KPIs for which it counts: its value, from when on
    call_values as (
        select
            calls.span_id,
            watched.service_code,
            watched.channel,
            watched.kpi,
            case when watched.kpi = 'aht' then calls.ended_at else calls.decided_at end
                as decided_at,
            case watched.kpi
                when 'aht' then calls.handle_s
                when 'asa' then coalesce(calls.wait_s, 0)
                when 'abandon_rate' then (calls.outcome = 'abandoned')::int
                when 'service_level'
                    then coalesce(
                        calls.wait_s <= watched.threshold_s
                        and (
                            calls.outcome = 'answered'
                            or (watched.formula_version = 4 and calls.outcome = 'abandoned')
                        ),
                        false
                    )::int
                else (
                    calls.outcome = 'answered'
                    or (calls.outcome = 'self_served' and calls.counts_self_service)
                )::int
            end as value,
            calls.feed,
            calls.still_waits,
            calls.outcome = 'answered' as is_served,
            case when watched.at_risk_s is not null then calls.queued_at end as waits_from,
            calls.queued_at
            + coalesce(calls.at_risk_s, watched.at_risk_s) * interval '1 second' as at_risk_at,
            calls.decided_at as waits_until,
            watched.latest_min
        from calls
        inner join watched on watched.service_code = calls.service_code
        where watched.channel = 'voice'
            and calls.outcome <> 'left_in_menu'
            and case
                when watched.kpi in ('aht', 'asa') then calls.outcome = 'answered'
                when watched.kpi = 'service_level' and watched.formula_version = 2
                    then calls.outcome = 'answered'
                when watched.kpi = 'service_level' and watched.formula_version > 2
                    then calls.outcome in ('answered', 'abandoned')
                when watched.kpi in ('scr', 'abandon_rate', 'service_level')
                    then not coalesce(
                        calls.outcome = 'abandoned' and calls.wait_s <= calls.short_abandon_s,
                        false
                    )
            end
    ),

    conversations as materialized (
        select
            span.span_id,
            watched.service_code,
            watched.channel,
            watched.kpi,
            watched.threshold_s,
            conversation.*,
            case when conversation.first_response_at is not null
                then {{ service_seconds(
                    'services', 'conversation.received_at', 'conversation.first_response_at'
                ) }}
            end as first_response_s,
            {{ service_moment('services', 'conversation.received_at', 'watched.threshold_s') }}
                as due_at,
            {{ service_moment('services', 'conversation.received_at', 'risk.at_risk_s') }}
                as at_risk_at,
            (watched.threshold_s - risk.at_risk_s) * interval '1 second' as left_at_risk,
            watched.latest_min
        from {{ span }} as span
        inner join watched
            on watched.service_code = coalesce(span.service_code, watched.service_code)
        inner join services on services.service_code = watched.service_code
        cross join lateral (
            select coalesce(span.at_risk_s, watched.at_risk_s) as at_risk_s
        ) as risk
        cross join lateral (
            select
                recent.feed,
                recent.received_at,
                recent.first_response_at,
                recent.closed_at
            from {{ ref('int_conversation') }} as recent
            where recent.service_code = watched.service_code
                and recent.channel = watched.channel
                -- Closed for a weekend, a service answers on Monday
                and recent.interval_start > span.since - {{ reach }}
                - case when watched.has_opening_hours then interval '3 days' else interval '0' end
                and recent.interval_start <= span.until
                -- What ended before is decided before
                and coalesce(recent.first_response_at, recent.closed_at, 'infinity') > span.since
            {{ by_itself() }}
        ) as conversation
        where watched.kpi = 'response_time' and watched.threshold_s is not null
    ),

    conversation_values as (
        select
            conversations.span_id,
            conversations.service_code,
            conversations.channel,
            conversations.kpi,
            case
                when conversations.first_response_s <= conversations.threshold_s
                    then conversations.first_response_at
                -- Closed without an answer before it is due, it does not count
                when coalesce(
                        conversations.first_response_at, conversations.closed_at, 'infinity'
                    ) > conversations.due_at
                    then conversations.due_at
            end as decided_at,
            coalesce(conversations.first_response_s <= conversations.threshold_s, false)::int
                as value,
            conversations.feed,
            coalesce(conversations.first_response_at, conversations.closed_at) is null
                as still_waits,
            false as is_served,
            conversations.at_risk_at as waits_from,
            conversations.at_risk_at,
            -- At closing time nobody is at risk until the morning
            least(
                conversations.first_response_at,
                conversations.closed_at,
                conversations.due_at,
                conversations.at_risk_at + conversations.left_at_risk
            ) as waits_until,
            conversations.latest_min
        from conversations
    ),

    contacts as materialized (
        select * from call_values
        union all
        select * from conversation_values
    ),

    -- Up to when each feed has told
    told as materialized (
        select
            feeds.feed,
            (
                select max(ledger.arrived_at)
                from {{ source('ops', 'file_ledger') }} as ledger
                where ledger.feed = feeds.feed and ledger.outcome <> 'quarantined'
            ) as until
        from (select distinct contacts.feed from contacts) as feeds
    )

    select
        contacts.span_id,
        contacts.service_code,
        contacts.channel,
        contacts.kpi,
        contacts.decided_at,
        contacts.value,
        contacts.is_served,
        told.until as told_until,
        {%- for began, range in [('waits_from', 'waits'), ('at_risk_at', 'at_risk')] %}
        case
            when not contacts.still_waits
                then {{ range_between('contacts.' ~ began, 'contacts.waits_until') }}
            when contacts.{{ began }} <= told.until
                then {{ range_between('contacts.' ~ began, 'foreseen.until') }}
        end as {{ range }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from contacts
    left join told on told.feed = contacts.feed
    cross join lateral (
        select
            least(
                contacts.waits_until,
                contacts.at_risk_at + {{ longest_risk }},
                told.until + contacts.latest_min * interval '1 minute'
            ) as until
    ) as foreseen
{%- endmacro %}

{#
    What the windows of every watched KPI show at given moments, and whether that is a miss.

    `moments` is a relation with a column `moment`, `contacts` one of decided_contacts.
#}
{% macro kpi_windows(moments, contacts) -%}
    with

    watched as materialized (
        select * from {{ ref('int_watched_kpi') }}
    ),

    moments as materialized (
        select given.moment from {{ moments }} as given
    ),

    in_windows as (
        select
            moments.moment,
            watched.service_code,
            watched.channel,
            watched.kpi,
            {{ served_lately('contact', 'moments.moment') }},
            {%- for window in ['latest', 'short', 'window', 'long', 'clear'] %}
            count(*) filter (where contact.is_in_{{ window }}) as {{ window }}_n,
            coalesce(sum(contact.value) filter (where contact.is_in_{{ window }}), 0)
                as {{ window }}_sum,
            stddev_samp(contact.value) filter (where contact.is_in_{{ window }})
                as {{ window }}_deviation
            {{- ',' if not loop.last }}
            {%- endfor %}
        from moments
        cross join watched
        left join lateral (
            select
                told.*,
                {%- for window in ['latest', 'short', 'window', 'long', 'clear'] %}
                told.decided_at <= moments.moment
                and told.decided_at > moments.moment - watched.{{ window }}_min * interval '1 minute'
                    as is_in_{{ window }}
                {{- ',' if not loop.last }}
                {%- endfor %}
            from {{ contacts }} as told
            where told.service_code = watched.service_code
                and told.channel = watched.channel
                and told.kpi = watched.kpi
                and told.decided_at <= moments.moment
                and told.decided_at > moments.moment
                - greatest(watched.long_min, watched.clear_min) * interval '1 minute'
        ) as contact on true
        where watched.test in ('rate', 'mean')
        group by moments.moment, watched.service_code, watched.channel, watched.kpi
    ),

    -- Apart from what is decided, so that over many moments each is found by an index of its own
    in_line as (
        select
            moments.moment,
            contact.service_code,
            contact.channel,
            contact.kpi,
            {{ waiting_counts('contact', 'moments.moment') }}
        from moments
        inner join {{ contacts }} as contact on contact.waits @> moments.moment
        group by moments.moment, contact.service_code, contact.channel, contact.kpi
    ),

    -- The windows of the last minutes count what is at risk as missed, before it is lost
    counted as (
        select
            in_windows.moment,
            in_windows.service_code,
            in_windows.channel,
            in_windows.kpi,
            foreseen.at_risk,
            {%- for window in ['latest', 'short'] %}
            in_windows.{{ window }}_n + foreseen.at_risk as {{ window }}_n,
            in_windows.{{ window }}_sum
            + case watched.comparator when '>=' then 0 else foreseen.at_risk end
                as {{ window }}_sum,
            {%- endfor %}
            {%- for window in ['window', 'long', 'clear'] %}
            in_windows.{{ window }}_n,
            in_windows.{{ window }}_sum,
            {%- endfor %}
            {%- for window in ['latest', 'short', 'window', 'long', 'clear'] %}
            in_windows.{{ window }}_deviation
            {{- ',' if not loop.last }}
            {%- endfor %}
        from in_windows
        inner join watched using (service_code, channel, kpi)
        left join in_line using (moment, service_code, channel, kpi)
        cross join lateral (
            select
                coalesce(in_line.waiting, 0) as waiting,
                coalesce(in_line.too_long, 0) as too_long,
                in_windows.served_lately
        ) as standing
        cross join lateral (
            select {{ foreseen_lost('standing', 'watched.at_risk_s') }} as at_risk
        ) as foreseen
    ),

    -- How far each window may lie on the good side of what it shows
    bounded as (
        select
            counted.*,
            {%- for window, z in [
                ('latest', 'fast_z'), ('short', 'fast_z'), ('window', 'sure_z'), ('long', 'sure_z')
            ] %}
            {{ at_best('watched', 'counted', window, z) }} as {{ window }}_at_best,
            {%- endfor %}
            {%- for window in ['short', 'window', 'long', 'clear'] %}
            watched.unit * counted.{{ window }}_sum / nullif(counted.{{ window }}_n, 0)
                as {{ window }}_observed
            {{- ',' if not loop.last }}
            {%- endfor %}
        from counted
        inner join watched using (service_code, channel, kpi)
    ),

    judged as (
        select
            bounded.*,
            bounded.short_n >= watched.min_volume
            and {{ is_beyond('watched', 'bounded.short_at_best') }} as is_missed_fast,
            bounded.latest_n >= watched.min_volume
            and {{ is_beyond('watched', 'bounded.latest_at_best') }} as is_missed_latest,
            bounded.window_n >= watched.min_volume
            and {{ is_beyond('watched', 'bounded.window_at_best') }}
            and {{ is_beyond('watched', 'bounded.short_observed', unknown='true') }}
                as is_missed,
            bounded.window_n < watched.min_volume
            and bounded.long_n >= watched.min_volume
            and {{ is_beyond('watched', 'bounded.long_at_best') }}
            and {{ is_beyond('watched', 'bounded.short_observed', unknown='true') }}
                as is_missed_long,
            {{ is_recovered('watched', 'bounded.clear_observed') }} as is_recovered
        from bounded
        inner join watched using (service_code, channel, kpi)
    ),

    -- What stands there at the moment is compared as it is
    waiting as (
        select
            moments.moment,
            watched.service_code,
            watched.channel,
            watched.kpi,
            {{ level_of('watched', 'services', 'conversations', 'moments.moment') }} as level
        from moments
        cross join watched
        inner join {{ ref('int_service') }} as services
            on services.service_code = watched.service_code
        cross join lateral {{ waiting_at('watched', 'moments.moment') }} as conversations
        where watched.test = 'level'
    ),

    told as (
        select
            judged.moment,
            judged.service_code,
            judged.channel,
            judged.kpi,
            -- The window that decides
            {{ of_deciding('watched', 'min') }}
                as decided_over_min,
            {{ of_deciding('judged', 'sum') }} as numerator,
            {{ of_deciding('judged', 'n') }} as denominator,
            {{ of_deciding('judged', 'at_best') }}
                as at_best,
            judged.short_observed,
            judged.clear_observed,
            case when foreseen.is_told then judged.at_risk else 0 end as at_risk,
            case when foreseen.is_told then watched.at_risk_s end as at_risk_s,
            judged.is_missed
            or judged.is_missed_long
            or judged.is_missed_fast
            or judged.is_missed_latest as is_missed,
            coalesce(judged.is_recovered, false) as is_recovered
        from judged
        inner join watched using (service_code, channel, kpi)
        cross join lateral (
            select
                not (judged.is_missed or judged.is_missed_long)
                and (judged.is_missed_fast or judged.is_missed_latest) as is_told
        ) as foreseen
        union all
        select
            waiting.moment,
            waiting.service_code,
            waiting.channel,
            waiting.kpi,
            0,
            waiting.level,
            1,
            waiting.level,
            waiting.level,
            waiting.level,
            0,
            null,
            {{ is_beyond('watched', 'waiting.level') }},
            {{ is_recovered('watched', 'waiting.level') }}
        from waiting
        inner join watched using (service_code, channel, kpi)
    )

    select
        told.service_code,
        told.channel,
        told.kpi,
        watched.formula,
        watched.rule_version,
        watched.comparator,
        watched.target,
        watched.critical,
        -- The window that decides
        told.decided_over_min,
        told.moment - told.decided_over_min * interval '1 minute' as window_start_at,
        told.numerator,
        told.denominator,
        watched.unit * told.numerator / nullif(told.denominator, 0) as observed,
        told.at_best,
        told.short_observed,
        told.clear_observed,
        told.at_risk,
        told.at_risk_s,
        -- Verdict
        coalesce(told.is_missed, false) and watched.is_active as is_missed,
        told.is_recovered,
        watched.missed_for_min,
        watched.clear_for_min,
        told.moment
    from told
    inner join watched using (service_code, channel, kpi)
{%- endmacro %}

{# Over contacts of decided_contacts, for `foreseen_lost`: who waits at a moment, and who has done so
   for too long. #}
{% macro waiting_counts(contact, moment) -%}
    count(*) filter (where {{ contact }}.waits @> {{ moment }}) as waiting,
    count(*) filter (where {{ contact }}.at_risk @> {{ moment }}) as too_long
{%- endmacro %}

{# Over the same: how many calls were answered in the minutes that tell the pace, the last before a
   moment of which their feed has told. #}
{% macro served_lately(contact, moment) -%}
    count(*) filter (
        where {{ contact }}.is_served
        and {{ contact }}.decided_at <= least({{ moment }}, {{ contact }}.told_until)
        and {{ contact }}.decided_at
        > least({{ moment }}, {{ contact }}.told_until) - interval '{{ pace_s() }} seconds'
    ) as served_lately
{%- endmacro %}

{# Over how long the pace is told at which calls are answered. #}
{% macro pace_s() -%} 180 {%- endmacro %}

{#
    How many of those who wait are taken to be lost: who has waited for `at_risk_s`, or, where that
    is more, who must wait so long at the pace at which calls were answered lately.
#}
{% macro foreseen_lost(counted, at_risk_s) -%}
    greatest(
        {{ counted }}.too_long,
        {{ counted }}.waiting - ceil({{ counted }}.served_lately * {{ at_risk_s }} / {{ pace_s() }})
    )
{%- endmacro %}

{#
    The good end of what a window shows: of a rate the end of its Wilson interval, of a mean that of
    its normal interval, in the unit of the target. Null where too little is known.
#}
{% macro at_best(watched, counted, window, z) -%}
    {%- set n, total = counted ~ '.' ~ window ~ '_n', counted ~ '.' ~ window ~ '_sum' -%}
    {%- set z = watched ~ '.' ~ z -%}
    {%- set side = "case " ~ watched ~ ".comparator when '>=' then 1 else -1 end" -%}
    case
        when {{ n }} = 0 then null
        when {{ watched }}.test = 'rate'
            then {{ watched }}.unit * (
                {{ total }} / {{ n }} + {{ z }} ^ 2 / (2 * {{ n }})
                + {{ side }} * {{ z }} * sqrt(
                    greatest({{ total }} * ({{ n }} - {{ total }}), 0) / {{ n }} ^ 3
                    + {{ z }} ^ 2 / (4 * {{ n }} ^ 2)
                )
            ) / (1 + {{ z }} ^ 2 / {{ n }})
        else
            {{ total }} / {{ n }}
            + {{ side }} * {{ z }} * {{ counted }}.{{ window }}_deviation / sqrt({{ n }})
    end
{%- endmacro %}

{# Whether a value lies on the wrong side of the target. #}
{% macro is_beyond(watched, value, unknown='false') -%}
    coalesce(
        case {{ watched }}.comparator
            when '>=' then {{ value }} < {{ watched }}.target
            else {{ value }} > {{ watched }}.target
        end,
        {{ unknown }}
    )
{%- endmacro %}

{#
    Whether a value is back on target by the margin of the rule. No margin asks for more than all of a
    share, or for less than nothing. Staffing may be above 100 %, and so may its target; but whoever
    has all that are required has recovered, whatever the margin.
#}
{% macro is_recovered(watched, value) -%}
    case {{ watched }}.comparator
        when '>='
            then {{ value }} >= greatest(
                {{ watched }}.target,
                least(
                    {{ watched }}.target + {{ watched }}.clear_margin,
                    case when {{ watched }}.test in ('rate', 'staff') then 100 end
                )
            )
        else {{ value }} <= greatest({{ watched }}.target - {{ watched }}.clear_margin, 0)
    end
{%- endmacro %}

{# Of a column that every window has, that of the window that decides: the one that shows a miss. #}
{% macro of_deciding(relation, column) -%}
    case
        when judged.is_missed then {{ relation }}.window_{{ column }}
        when judged.is_missed_long then {{ relation }}.long_{{ column }}
        when judged.is_missed_fast then {{ relation }}.short_{{ column }}
        when judged.is_missed_latest then {{ relation }}.latest_{{ column }}
        else {{ relation }}.window_{{ column }}
    end
{%- endmacro %}

{# What waits in a channel of a service at a moment, for a lateral join: how many, since when. #}
{% macro waiting_at(watched, moment) -%}
    (
        select
            count(*) as waiting_list,
            min(waits.received_at) as oldest_received_at
        from {{ ref('int_conversation') }} as waits
        where waits.service_code = {{ watched }}.service_code
            and waits.channel = {{ watched }}.channel
            and waits.waiting @> {{ moment }}
    )
{%- endmacro %}

{# The value of a KPI that stands as it stands: conversations, or seconds on the service's clock. #}
{% macro level_of(watched, services, conversations, moment) -%}
    case {{ watched }}.kpi
        when 'oldest_waiting'
            then coalesce(
                {{ service_seconds(services, conversations ~ '.oldest_received_at', moment) }}, 0
            )
        else {{ conversations }}.waiting_list
    end
{%- endmacro %}
