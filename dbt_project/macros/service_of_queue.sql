{#
    The service for which a queue of an outside system takes contacts, as a lateral query of one row:
    the one that the feed `queue` names for it, else the service that has its name, else the one that
    takes what comes from that source otherwise. `named_in_load` is the load that says so.

    A queue that has an id and a name may be named by either (`or_name`); the id goes first.
#}
{% macro service_of_queue(source, queue, or_name=none) -%}
    (
        select
            named.service_code,
            named.channel,
            service.timezone,
            greatest(named._load_id, service._load_id) as named_in_load
        from (
            select
                queue.service_code,
                queue.channel,
                queue._load_id,
                case when queue.queue is not null then 1 else 3 end as rank,
                {{ 'coalesce(queue.queue <> ' ~ queue ~ ', true)' if or_name else 'false' }} as is_by_name,
                queue.source is null as is_any_source
            from {{ ref('stg_canonical__queue') }} as queue
            where coalesce(queue.source, '{{ source }}') = '{{ source }}'
                and (
                    coalesce(queue.queue, {{ queue }}, '') = coalesce({{ queue }}, '')
                    {%- if or_name %}
                    or queue.queue = {{ or_name }}
                    {%- endif %}
                )
            union all
            select
                namesake.service_code,
                null,
                namesake._load_id,
                2,
                {{ 'coalesce(namesake.service_code <> ' ~ queue ~ ', true)' if or_name else 'false' }},
                false
            from {{ ref('stg_canonical__service') }} as namesake
            where namesake.service_code in ({{ queue }}{{ ', ' ~ or_name if or_name }})
        ) as named
        inner join {{ ref('stg_canonical__service') }} as service
            on service.service_code = named.service_code
        order by named.rank, named.is_by_name, named.is_any_source
        limit 1
    )
{%- endmacro %}
