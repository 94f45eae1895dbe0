{%- set columns = [
    'agent_id', 'service_code', 'roster_date', 'shift_code', 'rule_code', 'rule_version',
    'started_at', 'ended_at', 'measured', 'threshold', 'evidence', 'settles_at'
] -%}
with

violations as (
    {%- for model in ['int_rotg_shift', 'int_rotg_session', 'int_rotg_call', 'int_rotg_floor'] %}
    select {{ columns | join(', ') }}
    from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    -- Stays the same as long as agent, rule and start do
    md5(
        concat_ws(
            chr(31),
            violations.agent_id,
            violations.service_code,
            violations.roster_date::text,
            violations.shift_code,
            violations.rule_code,
            extract(epoch from violations.started_at)::text
        )
    ) as violation_id,
    violations.agent_id,
    violations.service_code,
    violations.roster_date,
    violations.shift_code,
    -- Rule
    violations.rule_code,
    violations.rule_version,
    rule.rule_name,
    rule.rule_name_indonesian,
    rule.severity,
    -- Occurrence
    violations.started_at,
    violations.ended_at,
    violations.measured::double precision as measured,
    rule.comparator,
    violations.threshold::double precision as threshold,
    rule.unit,
    violations.evidence,
    -- Clock
    {{ built_as_of() }} as as_of,
    violations.settles_at > {{ built_as_of() }} as is_provisional
from violations
inner join {{ ref('int_rotg_rule_named') }} as rule on rule.rule_code = violations.rule_code
