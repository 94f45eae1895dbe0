{# Whether a call or ring (int_desk_call) is one of those that its rule (int_rotg_rule) counts in a
   row; any other breaks the row. #}
{% macro counts_in_row(call, rule) -%}
    coalesce(
        case {{ rule }}.rule_code
            when 'short_calls_in_row' then {{ call }}.measured_s < {{ rule }}.limit_s
            when 'ringing_unanswered' then {{ call }}.measured_s >= {{ rule }}.limit_s
        end,
        false
    )
{%- endmacro %}

{# Whether an outside id of an agent (int_outside_id) is the one that a call or ring names. An
   agent's own id is good in every source that does not give it to somebody else. #}
{% macro is_named(outside, call) -%}
    case
        when {{ call }}.source is null then {{ outside }}.source is null
        when {{ outside }}.source is not null then {{ outside }}.source = {{ call }}.source
        else
            {{ outside }}.agent_id = {{ outside }}.external_id
            and not exists (
                select from {{ ref('stg_canonical__agent_alias') }} as given
                where given.source = {{ call }}.source
                    and given.external_id = {{ call }}.external_agent_id
            )
    end
{%- endmacro %}
