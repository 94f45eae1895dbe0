-- depends_on: {{ ref('int_shift_touched') }}
-- One row per agent, rostered working shift and AUX code in which the agent spent time.
{{
    config(
        meta={
            'touched': 'int_shift_touched',
            'by': ['agent_id', 'service_code', 'roster_date', 'shift_code'],
        },
        indexes=[
            {
                'columns': ['agent_id', 'service_code', 'roster_date', 'shift_code', 'aux_code'],
                'unique': true,
            },
            {'columns': ['service_code', 'roster_date']},
            {'columns': ['aux_code']},
        ],
    )
}}

select
    stretches.agent_id,
    stretches.service_code,
    stretches.roster_date,
    stretches.shift_code,
    stretches.aux_code,
    sum(stretches.stretch_s) as aux_s,
    count(*) as occurrences,
    max(stretches.stretch_s) as longest_s,
    -- From when on more was spent than is allowed
    min(lower(stretches.excess)) as excess_started_at,
    max(stretches.settles_at) > {{ as_of() }} as is_provisional
from {{ ref('int_shift_aux_stretch') }} as stretches
group by
    stretches.agent_id,
    stretches.service_code,
    stretches.roster_date,
    stretches.shift_code,
    stretches.aux_code
