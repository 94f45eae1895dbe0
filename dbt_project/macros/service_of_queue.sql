{#
    The service for which a queue of an outside system takes contacts, as a lateral query of one row:
    the one that the feed `queue` names for it, else the service that has its name, else the one that
    takes what comes from that source otherwise. `named_in_load` is the load that says so.
#}
{% macro service_of_queue(source, queue) -%}
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
                queue.source is null as is_any_source
            from {{ ref('stg_canonical__queue') }} as queue
            where coalesce(queue.source, '{{ source }}') = '{{ source }}'
                and coalesce(queue.queue, {{ queue }}, '') = coalesce({{ queue }}, '')
            union all
            select namesake.service_code, null, namesake._load_id, 2, false
            from {{ ref('stg_canonical__service') }} as namesake
            where namesake.service_code = {{ queue }}
        ) as named
        inner join {{ ref('stg_canonical__service') }} as service
            on service.service_code = named.service_code
        order by named.rank, named.is_any_source
        limit 1
    )
{%- endmacro %}
