{#
    What the cells of a reference row mean. The row that holds and each delivery that was kept are
    read in the same way.
#}

{% macro service_cells(row) -%}
    {{ row }}.service_code,
    {{ row }}.service_name,
    {{ row }}.client_name,
    {{ row }}.timezone,
    coalesce({{ number(row ~ '.short_abandon_s') }}, 5) as short_abandon_s,
    coalesce({{ truth(row ~ '.counts_self_service') }}, true) as counts_self_service,
    coalesce({{ number(row ~ '.login_tolerance_s') }}, 300) as login_tolerance_s,
    coalesce({{ number(row ~ '.logout_tolerance_s') }}, 300) as logout_tolerance_s,
    coalesce({{ number(row ~ '.no_show_after_s') }}, 1800) as no_show_after_s,
    {{ row }}.opening_hours,
    coalesce({{ row }}.roster_cutoff::time, time '17:00') as roster_cutoff
{%- endmacro %}

{% macro team_cells(row) -%}
    {{ row }}.team_code,
    {{ row }}.team_name,
    {{ row }}.service_code,
    {{ row }}.team_leader_id,
    {{ row }}.coordinator_id
{%- endmacro %}

{% macro agent_cells(row) -%}
    {{ row }}.agent_id,
    {{ row }}.agent_name,
    {{ row }}.email,
    lower({{ row }}.role) as role,
    {{ row }}.team_code,
    lower({{ row }}.work_pattern) as work_pattern,
    coalesce({{ truth(row ~ '.night_shift_allowed') }}, true) as night_shift_allowed,
    {{ row }}.active_from::date as active_from,
    {{ row }}.active_to::date as active_to
{%- endmacro %}

{% macro kpi_target_cells(row) -%}
    {{ row }}.service_code,
    {{ row }}.channel,
    split_part({{ row }}.kpi, '/', 1) as kpi,
    coalesce(nullif(split_part({{ row }}.kpi, '/', 2), '')::int, 1) as formula_version,
    {{ row }}.comparator,
    {{ number(row ~ '.target') }} as target,
    {{ number(row ~ '.critical') }} as critical,
    {{ number(row ~ '.threshold_s') }} as threshold_s,
    {{ number(row ~ '.window_min') }} as window_min,
    {{ number(row ~ '.min_volume') }} as min_volume,
    {{ row }}.effective_from::date as effective_from,
    {{ row }}.effective_to::date as effective_to
{%- endmacro %}
