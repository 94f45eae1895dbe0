{#
    All delivered versions of the things that a run must look at, as a query: those of which a version
    arrived, and all of a service whose description changed; in a rebuild, of everything.

    Each thing is looked up by itself (`by_itself`), by the index on its id: what that costs depends on
    nothing but how much is touched. `is_indexed=false` where there is no such index.
#}
{% macro touched_versions(model, id, is_indexed=true) -%}
    {%- if is_rebuild() -%}
        select version.* from {{ ref(model) }} as version
    {%- else -%}
        select version.*
        from (
            select arrived.{{ id }}
            from {{ ref(model) }} as arrived
            where {{ arrived('arrived') }}
            union
            select described.{{ id }}
            from {{ ref(model) }} as described
            inner join {{ ref('int_service') }} as service
                on service.service_code = described.service_code
            where {{ arrived('service') }}
        ) as touched
        cross join lateral (
            select version.*
            from {{ ref(model) }} as version
            where version.{{ id }} = touched.{{ id }}
            {{ by_itself() if is_indexed }}
        ) as version
    {%- endif -%}
{%- endmacro %}
