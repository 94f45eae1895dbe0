{#
    The incremental strategy of all computed tables: what the run has touched is computed anew and
    takes the place of what stood there, also where nothing stands there any more.

    A model names the relation that lists what is touched and the columns they share:
        {{ config(meta={'touched': 'int_touched_call', 'by': ['feed', 'call_id']}) }}
    `from` adds "and later": {'from': {'restart_at': 'from_at'}} replaces the rows whose from_at is
    at or after the touched restart_at; `to` in the same way adds "and earlier", the end included.

    A rebuild (nothing seen yet) replaces everything. Where much arrived for what is stored, the
    planner is told at once: until autovacuum tells it, it would take the table for a small one.
#}
{% macro get_incremental_replace_touched_sql(arg_dict) %}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set meta = config.get('meta') -%}
    {%- set touched = ref(meta['touched']) -%}
    {%- set arrived = run_query('select count(*) from ' ~ arg_dict['temp_relation']).rows[0][0] -%}
    {%- set stored = run_query(
        "select reltuples from pg_class where oid = '" ~ target_relation ~ "'::regclass"
    ).rows[0][0] -%}

    {%- if is_rebuild() %}
    truncate {{ target_relation }};
    {%- else %}
    delete from {{ target_relation }} as old
    using {{ touched }} as touched
    where
        {%- for column in meta['by'] %}
        {{ 'and ' if not loop.first }}old.{{ column }} = touched.{{ column }}
        {%- endfor %}
        {%- for start, column in meta.get('from', {}).items() %}
        and old.{{ column }} >= touched.{{ start }}
        {%- endfor %}
        {%- for end, column in meta.get('to', {}).items() %}
        and old.{{ column }} <= touched.{{ end }}
        {%- endfor %};
    {%- endif %}

    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
    {%- if arrived > 1000 and arrived > stored / 10 %};
    analyze {{ target_relation }}
    {%- endif %}
{% endmacro %}

{#
    What the last run left in a table that depends on the calling model, for models that must know
    it to say what is touched. None before the first run.
#}
{% macro last_left(model_name) %}
    {%- if execute -%}
        {%- do return(adapter.get_relation(target.database, 'intermediate', model_name)) -%}
    {%- endif -%}
{% endmacro %}
