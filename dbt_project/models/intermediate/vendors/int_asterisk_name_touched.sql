-- One row per name of a person whose states were told anew, and from where to where.
select
    line.external_id,
    min(touched.from_at) as from_at,
    max(touched.to_at) as to_at
from {{ ref('int_asterisk_touched') }} as touched
inner join {{ ref('int_asterisk_line') }} as line
    on line.person = touched.person
    and line.occurred_at >= touched.from_at - interval '24 hours'
    and line.occurred_at <= touched.to_at
group by line.external_id
