-- One row per rule of floor discipline that a violation may be of: those that data tell, and for
-- each item of the checklist the rule that it is in order.
{{ config(materialized='view') }}

select
    rule.rule_code,
    rule.comparator,
    rule.unit,
    rule.severity,
    rule.rule_name,
    rule.rule_name_indonesian
from {{ ref('stg_rotg__rule') }} as rule
union all
select
    {{ floor_rule('item.item_code') }} as rule_code,
    '>' as comparator,
    'findings' as unit,
    item.severity,
    item.item_name,
    item.item_name_indonesian
from {{ ref('int_rotg_item') }} as item
