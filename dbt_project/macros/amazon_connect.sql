{# The type of an agent status: as told, or for older events by its name. #}
{% macro connect_status_type(name, type) -%}
    coalesce(
        upper({{ type }}),
        case {{ name }} when 'Available' then 'ROUTABLE' when 'Offline' then 'OFFLINE' end,
        case when {{ name }} is not null then 'CUSTOM' end
    )
{%- endmacro %}

{# Whether an agent's snapshot has a contact in a state. #}
{% macro has_contact(contacts, state) -%}
    exists (
        select from {{ elements(contacts) }} as contact (told)
        where contact.told ->> 'State' like '{{ state }}'
    )
{%- endmacro %}
