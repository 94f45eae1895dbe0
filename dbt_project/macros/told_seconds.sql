{# A sentence that tells by how many seconds one instant lies before another. #}
{% macro told_seconds(sentence, earlier, later) -%}
    format('{{ sentence }}', trim_scale(extract(epoch from {{ later }} - {{ earlier }})))
{%- endmacro %}
