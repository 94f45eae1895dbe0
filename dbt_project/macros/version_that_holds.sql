{# Of the versions of a thing the one that holds, as a query: the highest updated_at, then the later
   delivery. #}
{% macro version_that_holds(versions, id) -%}
    select distinct on (version.{{ id | join(', version.') }}) version.*
    from {{ versions }} as version
    order by
        version.{{ id | join(', version.') }},
        version.updated_at desc nulls last,
        version.delivered_at desc,
        version.delivered_file desc,
        version.delivered_row desc
{%- endmacro %}
