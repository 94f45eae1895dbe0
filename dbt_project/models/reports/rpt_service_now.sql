{#- From the worst to the best -#}
{%- set verdicts = "array['critical', 'missed', 'recovering', 'behind', 'none', 'met']" -%}
with

kpis as (
    select
        kpi_today.service_code,
        kpi_today.missed_since_at,
        array_position(
            {{ verdicts }},
            case
                -- Back on target, but not for long enough to be sure
                when kpi_today.missed_since_at is not null and kpi_today.verdict in ('met', 'none')
                    then 'recovering'
                else kpi_today.verdict
            end
        ) as place
    from {{ ref('rpt_kpi_today') }} as kpi_today
)

select
    kpis.service_code,
    ({{ verdicts }})[min(kpis.place)] as verdict,
    min(kpis.place)::bigint as place,
    min(kpis.missed_since_at) as missed_since_at,
    count(kpis.missed_since_at) as open_breaches,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from kpis
group by kpis.service_code
