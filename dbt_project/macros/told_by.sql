{# The feeds that tell of the day as it goes, as a query: those for which `condition`, a column of
   rpt_feed_freshness, is true. #}
{% macro feeds_of_the_day(condition) -%}
    select
        freshness.feed,
        arrived.lands_in,
        freshness.latest_arrival_at,
        freshness.is_missed
    from {{ ref('rpt_feed_freshness') }} as freshness
    cross join
        lateral (
            select max(ledger.lands_in) as lands_in
            from {{ source('ops', 'file_ledger') }} as ledger
            where ledger.feed = freshness.feed
        ) as arrived
    where freshness.{{ condition }}
{%- endmacro %}

{# So long ago may be what a feed told last: over any row of holidays. #}
{% macro longest_silence() -%} interval '14 days' {%- endmacro %}

{#
    Whether a feed of `feeds_of_the_day` tells of a service's calls, of its conversations in a
    channel, or of its agents: their logins, logouts and states. It does if it has done so in the
    last day, and if it was the last to do so, however long the service was closed or the feed was
    down. For one that was replaced nobody waits longer.
#}
{% macro tells_of_calls(feed, service_code) -%}
    (
        exists (
            select from {{ ref('int_call') }} as call
            where call.service_code = {{ service_code }}
                and call.feed = {{ feed }}.feed
                and call.interval_start > {{ built_as_of() }} - interval '1 day'
            {{ by_itself() }}
        )
        or (
            select call.feed from {{ ref('int_call') }} as call
            where call.service_code = {{ service_code }}
                and call.interval_start > {{ built_as_of() }} - {{ longest_silence() }}
                and call.interval_start <= {{ built_as_of() }}
            order by call.interval_start desc
            limit 1
        ) = {{ feed }}.feed
    )
{%- endmacro %}

{% macro tells_of_conversations(feed, service_code, channel) -%}
    (
        exists (
            select from {{ ref('int_conversation') }} as conversation
            where conversation.service_code = {{ service_code }}
                and conversation.channel = {{ channel }}
                and conversation.feed = {{ feed }}.feed
                and conversation.interval_start > {{ built_as_of() }} - interval '1 day'
            {{ by_itself() }}
        )
        or (
            select conversation.feed from {{ ref('int_conversation') }} as conversation
            where conversation.service_code = {{ service_code }}
                and conversation.channel = {{ channel }}
                and conversation.interval_start > {{ built_as_of() }} - {{ longest_silence() }}
                and conversation.interval_start <= {{ built_as_of() }}
            order by conversation.interval_start desc
            limit 1
        ) = {{ feed }}.feed
    )
{%- endmacro %}

{# Events do not keep which of several feeds of one kind they came through: beyond a day it is the
   last one if nothing of the service was told since it came last. #}
{% macro tells_of_agents(feed, service_code) -%}
    (
        exists (
            select
            from (
                select event.feed, event.occurred_at
                from {{ ref('int_agent') }} as agent
                cross join lateral (
                    select told.feed, told.occurred_at
                    from {{ ref('int_agent_event') }} as told
                    where told.agent_id = agent.agent_id
                        and told.occurred_at > {{ built_as_of() }} - {{ longest_silence() }}
                        and told.occurred_at <= {{ built_as_of() }}
                    order by told.occurred_at desc
                    limit 1
                ) as event
                where agent.service_code = {{ service_code }}
                order by event.occurred_at desc
                limit 1
            ) as latest
            where latest.feed = {{ feed }}.lands_in
                and latest.occurred_at <= {{ feed }}.latest_arrival_at
        )
        or (
            {{ feed }}.latest_arrival_at > {{ built_as_of() }} - interval '1 day'
            and exists (
                select
                from {{ ref('int_agent') }} as agent
                inner join {{ ref('int_agent_event') }} as event
                    on event.agent_id = agent.agent_id
                where agent.service_code = {{ service_code }}
                    and event.feed = {{ feed }}.lands_in
                    and event.occurred_at > {{ built_as_of() }} - interval '1 day'
                {{ by_itself() }}
            )
        )
    )
{%- endmacro %}
