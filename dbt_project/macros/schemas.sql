{# A model's schema is the name in its config, whoever runs it: the schemas are public names. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
