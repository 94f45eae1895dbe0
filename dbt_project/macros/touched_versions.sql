{#
    All delivered versions of the things that a run must look at, as a query: those of which a version
    arrived, and all of a service whose description changed; in a rebuild, of everything.

    Each thing is looked up by itself (`by_itself`), by the index on its id: what that costs depends on
    nothing but how much is touched. `is_indexed=false` where there is no such index.

    Things that are put together from several rows are told in another model, row by row: `told_in`.
    With `by_queue` it is the queue that says for which service a thing is.
#}
{% macro touched_versions(model, id, is_indexed=true, told_in=none, by_queue=false) -%}
    {%- set told_in = told_in or model -%}
    {%- if is_rebuild() -%}
        select version.* from {{ ref(model) }} as version
    {%- else -%}
        select version.*
        from (
            select arrived.{{ id }}
            from {{ ref(told_in) }} as arrived
            where {{ arrived('arrived') }}
            union
            {%- if by_queue %}
            -- All rows are read for it, but only when a queue or a service has changed
            select described.{{ id }}
            from {{ ref(told_in) }} as described
            where {{ arrived('described', 'named_in_load') }}
                and (
                    (
                        select count(*)
                        from {{ ref('stg_canonical__queue') }} as queue
                        where {{ arrived('queue') }}
                    )
                    + (
                        select count(*)
                        from {{ ref('int_service') }} as service
                        where {{ arrived('service') }}
                    )
                ) > 0
            {%- else %}
            select described.{{ id }}
            from {{ ref(told_in) }} as described
            inner join {{ ref('int_service') }} as service
                on service.service_code = described.service_code
            where {{ arrived('service') }}
            {%- endif %}
        ) as touched
        cross join lateral (
            select version.*
            from {{ ref(model) }} as version
            where version.{{ id }} = touched.{{ id }}
            {{ by_itself() if is_indexed }}
        ) as version
    {%- endif -%}
{%- endmacro %}
