{#
    The materialization of all computed tables: what the run has touched is computed anew and takes
    the place of what stood there, also where nothing stands there any more.

    A model names the relation that lists what is touched and the columns they share:
        {{ config(meta={'touched': 'int_touched_call', 'by': ['feed', 'call_id']}) }}
    `from` adds "and later": {'from': {'restart_at': 'from_at'}} replaces the rows whose from_at is
    at or after the touched restart_at; `after` the same without the moment itself; `to` in the same
    way adds "and earlier", the end included.
    A model that names none holds what one run needs, and is replaced as a whole.

    A rebuild (nothing seen yet) replaces everything. Where much changed for what is stored, the
    planner is told at once: until autovacuum tells it, it would take the table for a small one, and
    one that has just been emptied for a thousand rows and more.

    A deployment makes the table anew, so its columns are the model's and need no comparing. That,
    renaming and analysing what has not changed are most of what dbt's own materializations do in a
    run with little to do.
#}
{% materialization replace_touched, adapter='postgres' %}
    {%- set standing = load_cached_relation(this) -%}
    {%- set table = this.incorporate(type='table') -%}

    {%- if var('clock', none) and (standing is none or standing.is_view) -%}
        {#- Made now, it would hold what is touched alone, and look whole. -#}
        {%- do exceptions.raise_compiler_error(
            'does not stand as it was deployed; ./rtm warehouse prepare --again makes it anew'
        ) -%}
    {%- elif standing is none or standing.is_view or should_full_refresh() -%}
        {#- Beside what stands, which the model may read. -#}
        {%- set made = make_intermediate_relation(table) -%}
        {%- do drop_relation_if_exists(load_cached_relation(made)) -%}
        {%- call statement('main') -%}
            {{ get_create_table_as_sql(false, made, sql) }}
        {%- endcall -%}
        {%- do drop_relation_if_exists(standing) -%}
        {%- do adapter.rename_relation(made, table) -%}
        {%- do create_indexes(table) -%}
        {%- do run_query('analyze ' ~ table) -%}
    {%- else -%}
        {%- set computed = make_temp_relation(table) -%}
        {%- call statement('computed') -%}
            -- The connection lives on, for the models after this one
            create temporary table {{ computed }} on commit drop as (
                {{ sql }}
            )
        {%- endcall -%}
        {%- set arrived = load_result('computed')['response'].rows_affected -%}
        {%- call statement('main') -%}
            {%- if config.get('meta', {}).touched and not is_rebuild() -%}
                {{ replace_touched_sql(table, computed, arrived) }}
            {%- else -%}
                {{ replace_whole_sql(table, computed, arrived) }}
            {%- endif -%}
        {%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [table]}) }}
{% endmaterialization %}

{% macro replace_touched_sql(table, computed, arrived) -%}
    {%- set meta = config.get('meta') -%}
    delete from {{ table }} as old
    using {{ ref(meta.touched) }} as touched
    where
        {%- for column in meta.by %}
        {{ 'and ' if not loop.first }}old.{{ column }} = touched.{{ column }}
        {%- endfor %}
        {%- for start, column in meta.get('from', {}).items() %}
        and old.{{ column }} >= touched.{{ start }}
        {%- endfor %}
        {%- for start, column in meta.get('after', {}).items() %}
        and old.{{ column }} > touched.{{ start }}
        {%- endfor %}
        {%- for end, column in meta.get('to', {}).items() %}
        and old.{{ column }} <= touched.{{ end }}
        {%- endfor %};
    {%- if arrived %}

    insert into {{ table }} select * from {{ computed }};
    {%- endif %}
    {%- if arrived > 1000 %}
    {{ analyze_if(table, arrived ~ " > reltuples / 10") }}
    {%- endif %}
{%- endmacro %}

{% macro replace_whole_sql(table, computed, arrived) -%}
    do $$
    declare
        definitions text[] := array(
            select pg_get_indexdef(indexrelid) from pg_index where indrelid = '{{ table }}'::regclass
        );
        definition text;
    begin
        if exists (select from {{ table }}) then truncate {{ table }}; end if;
    {%- if arrived > 10000 %}
        -- An index over many rows is made faster than it grows
        for definition in
            select indexrelid::regclass from pg_index where indrelid = '{{ table }}'::regclass
        loop
            execute 'drop index ' || definition;
        end loop;
        insert into {{ table }} select * from {{ computed }};
        foreach definition in array definitions loop
            execute definition;
        end loop;
    {%- elif arrived %}
        insert into {{ table }} select * from {{ computed }};
    {%- endif %}
    end $$;
    {{ analyze_if(table, "reltuples <> " ~ arrived) }}
{%- endmacro %}

{# `reltuples` is how many rows the planner has been told of; -1 when of none. #}
{% macro analyze_if(table, condition) %}
    do $$
    begin
        if (select {{ condition }} from pg_class where oid = '{{ table }}'::regclass) then
            analyze {{ table }};
        end if;
    end $$
{%- endmacro %}

{#
    What the last run left in a table that depends on the calling model, for models that must know
    it to say what is touched. None before the first run.
#}
{% macro last_left(model_name) %}
    {%- if execute -%}
        {%- do return(adapter.get_relation(target.database, 'intermediate', model_name)) -%}
    {%- endif -%}
{% endmacro %}
